"""The picture of one trial, from what it remembers."""

from __future__ import annotations

from dataclasses import replace

from shadowmon.daemon.portrait import portrait
from shadowmon.evidence import confseq
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.policy.rules import CORRECT, Kind
from shadowmon.records import EVERYTHING, Cell, Contrast, Scope, SliceName, Ticked
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.trials import INT8, METRICS, a_plan


COUNTS = (10, 3, 7, 300, 1)
SLICE = SliceName("tenant_b")


def a_trial(**changes):
    """A trial that counted correctness in all traffic and a slice that no rule is about."""
    trial, _ = Trial.open(a_plan(**changes), now=NOON)
    totals = {
        Cell(trial_id=INT8, epoch=1, stage=0, metric=CORRECT, slice=name): COUNTS
        for name in (EVERYTHING, SLICE)
    }
    trial.handle(Ticked(now=NOON, totals=totals))
    return trial


def correctness(trial, slice_name):
    """How far correctness has dropped in a slice."""
    (figure,) = (
        each
        for each in portrait(trial, 0).figures
        if (each.metric.name, each.slice, each.contrast)
        == (CORRECT, slice_name, Contrast.RELATIVE_DROP)
    )
    return figure


def test_a_figure_shows_the_interval_that_its_rules_show():
    """What the newest look has drawn is shown, and not drawn anew for the picture."""
    trial = a_trial()
    rules = {
        rule: replace(evidence, lower=-0.5, upper=0.5)
        for rule, evidence in trial.memory.evidence.items()
    }
    trial.memory = replace(trial.memory, evidence=rules)

    figure = correctness(trial, EVERYTHING)

    assert (figure.lower, figure.upper) == (-0.5, 0.5)


def test_a_figure_that_no_rule_is_about_has_an_interval_of_its_own():
    """It is the one of its account: a slice is shown whether or not it is judged."""
    trial = a_trial()

    figure = correctness(trial, SLICE)

    assert (figure.lower, figure.upper) == confseq.interval(
        METRICS[CORRECT],
        Contrast.RELATIVE_DROP,
        {EVERY_ONE: COUNTS},
        alpha=trial.plan.evidence.alpha_interval,
    )


def test_what_is_judged_stage_by_stage_is_shown_of_the_epoch():
    """The interval of one stage is not the one of the counts that stand beside it."""
    rules = tuple(replace(rule, scope=Scope.STAGE) for rule in a_plan().rules)
    trial = a_trial(rules=rules)
    narrow = {
        rule: replace(evidence, lower=0.0, upper=0.0)
        for rule, evidence in trial.memory.evidence.items()
    }
    trial.memory = replace(trial.memory, evidence=narrow)

    assert correctness(trial, EVERYTHING).lower == correctness(trial, SLICE).lower != 0.0


def test_the_tightest_armed_limits_are_shown():
    """Of several limits on one figure the first that is reached; none of what is not armed."""
    plan = a_plan()
    (climb,) = (
        rule for rule in plan.rules if rule.kind is Kind.CLIMB and rule.claim.metric == CORRECT
    )

    def stricter(name, limit, *, armed):
        claim = replace(climb.claim, limit=limit)
        return replace(climb, name=name, claim=claim, armed=armed)

    more = (stricter("a", 0.001, armed=True), stricter("b", 0.0005, armed=False))
    figure = correctness(a_trial(rules=(*plan.rules, *more)), EVERYTHING)

    assert figure.acceptable == 0.001
    assert correctness(a_trial(), SLICE).acceptable is None
