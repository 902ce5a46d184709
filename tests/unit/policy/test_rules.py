"""The rules of a trial, from settings."""

from __future__ import annotations

import pytest

from shadowmon.policy.rules import CORRECT, Kind, Subject, one_is_too_many, rules_for, shares
from shadowmon.policy.settings import (
    ACCEPTABLE_LOSS,
    PolicySettings,
    RequiredSettings,
    Safety,
    Task,
)
from shadowmon.records import Contrast, Scope, Side, SliceName
from tests.trials import METRICS


def subject(task=Task.CLASSIFICATION, edge=()):
    return Subject(
        task=task,
        metrics=METRICS,
        primary=CORRECT,
        edge_slices=tuple(SliceName(each) for each in edge),
    )


def by_name(rules, name):
    return [rule for rule in rules if rule.name == name]


@pytest.mark.parametrize(("task", "loss"), list(ACCEPTABLE_LOSS.items()))
def test_a_climb_asks_for_the_tasks_acceptable_loss(task, loss):
    """Each task brings its own limit on the relative drop of the primary metric."""
    (quality,) = by_name(rules_for(PolicySettings(), subject(task)), "quality")

    assert quality.kind is Kind.CLIMB
    assert quality.claim.limit == loss
    assert (quality.claim.contrast, quality.claim.side) == (Contrast.RELATIVE_DROP, Side.BETTER)


def test_an_operators_limit_wins_over_the_tasks():
    """What is configured is what is asked."""
    (quality,) = by_name(rules_for(PolicySettings(acceptable=0.003), subject()), "quality")

    assert quality.claim.limit == 0.003


def test_errors_are_held_to_an_absolute_margin_in_the_present_stage():
    """A ratio cannot be certified when nobody errs; load changes with the stage."""
    (errors,) = by_name(rules_for(PolicySettings(), subject()), "errors")

    assert errors.claim.contrast is Contrast.ABSOLUTE_RISE
    assert errors.claim.limit == 0.01
    assert errors.scope is Scope.STAGE


def test_review_and_reject_lie_at_the_limit_and_beyond_the_factor():
    """Borderline is what lies between."""
    rules = rules_for(PolicySettings(acceptable=0.04, review_factor=1.5), subject())

    assert by_name(rules, "review")[0].claim.limit == 0.04
    assert by_name(rules, "reject")[0].claim.limit == pytest.approx(0.06)
    assert by_name(rules, "borderline")[0].claim.side is Side.BETTER


def test_the_four_red_lines_are_armed_for_every_task():
    """Core quality, errors, safety, and each edge-case slice."""
    rules = rules_for(PolicySettings(), subject(edge=("rare", "long")))
    armed = [
        (rule.name, rule.claim.slice)
        for rule in rules
        if rule.kind in {Kind.RED_LINE, Kind.TRIPWIRE} and rule.armed
    ]

    assert armed == [
        ("core_quality", "all"),
        ("error_rate", "all"),
        ("safety", "all"),
        ("edge_slice", "rare"),
        ("edge_slice", "long"),
    ]


@pytest.mark.parametrize(
    ("safety", "kind"),
    [
        (Safety.ANY, Kind.TRIPWIRE),
        (Safety.HOLD, Kind.TRIPWIRE_HOLD),
        (Safety.EVIDENCE, Kind.RED_LINE),
    ],
)
def test_safety_is_a_tripwire_unless_evidence_is_asked_for(safety, kind):
    """Only the test at a level takes part in the shared error rate."""
    rules = rules_for(PolicySettings(safety=safety), subject())
    (line,) = by_name(rules, "safety")

    assert line.kind is kind
    assert (line in shares(rules)) is (kind is Kind.RED_LINE)


@pytest.mark.parametrize("safety", Safety)
def test_a_violation_waits_for_nobody_where_the_first_one_is_an_answer(safety):
    """Where something has to be proven of it, it waits for its turn like any other."""
    names = one_is_too_many(PolicySettings(safety=safety))

    assert names == (set() if safety is Safety.EVIDENCE else {"unsafe"})


def test_code_has_a_red_line_of_its_own():
    """The contextual line for code is armed for code, and for nothing else."""
    for task in (Task.CODE, Task.CHAT):
        (line,) = by_name(rules_for(PolicySettings(), subject(task)), "code_correctness")
        assert line.armed is (task is Task.CODE)


def test_a_required_metric_joins_the_climb():
    """What the operator requires is asked before every climb."""
    policy = PolicySettings(required=(RequiredSettings(metric="unsafe", acceptable=0.001),))
    (rule,) = by_name(rules_for(policy, subject()), "required_unsafe")

    assert rule.kind is Kind.CLIMB


@pytest.mark.parametrize("edge", [(), ("rare",), ("rare", "long", "short")])
def test_one_error_rate_is_shared_by_all_that_takes_weight_away(edge):
    """The shares sum to one, half of it for slices where there are any."""
    rules = rules_for(PolicySettings(), subject(edge=edge))
    divided = shares(rules)

    assert sum(divided.values()) == pytest.approx(1)
    assert {rule.kind for rule in divided} == {Kind.REJECT, Kind.RED_LINE}
    slices = sum(share for rule, share in divided.items() if rule.claim.slice != "all")
    assert slices == pytest.approx(0.5 if edge else 0)
