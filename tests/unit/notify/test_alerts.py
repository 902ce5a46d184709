"""What is firing, as Alertmanagers are told it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shadowmon.notify.alerts import NEWS_FOR, firing
from shadowmon.records import Phase, Side, Weight
from tests.factories import NOON
from tests.views import a_rule_view, a_trial_view, a_view


def names(view):
    """Return the names of what is firing."""
    return [dict(alert.labels)["alertname"] for alert in firing(view, {})]


def a_trial(*, breached=False, **state):
    """Return a trial whose state is changed; its one red line is crossed, or not."""
    rule = a_rule_view("core_quality", Side.WORSE, breached=breached)
    trial = a_trial_view(rules=(a_rule_view(), rule))
    return replace(trial, state=replace(trial.state, **state))


def rolled_back(weight=0, **changes):
    """Return a trial that was taken off at noon, and the weight that its model still has."""
    return a_trial(phase=Phase.ROLLED_BACK, applied_weight=Weight(weight), **changes)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (a_view(), []),
        (a_view(rolled_back()), ["ShadowmonAwaitsReArm"]),
        (a_view(a_trial(drifted=True)), ["ShadowmonWeightDrift"]),
        (a_view(store_problem="the disk is full"), ["ShadowmonStoreUnwritable"]),
    ],
    ids=["nothing", "roll-back", "drift", "store"],
)
def test_what_fires(view, expected):
    """Weight that was taken away, a foreign hand, a store that is down; else nothing."""
    assert names(view) == expected


@pytest.mark.parametrize(
    ("age", "weight", "pages"),
    [
        (timedelta(0), 1_000, True),
        (timedelta(0), 0, True),
        (NEWS_FOR - timedelta(seconds=1), 0, True),
        (NEWS_FOR, 0, False),
        (timedelta(days=3), 0, False),
        (timedelta(days=3), 1_000, True),
    ],
    ids=["at once", "given back", "a minute", "after it", "a weekend", "not given back"],
)
def test_a_red_line_pages_until_all_is_given_back(age, weight, pages):
    """And for a minute, however quick that was; then what is left is a ticket."""
    trial = rolled_back(breached=True, weight=weight)
    view = a_view(trial, at=trial.state.entered_stage_at + age)

    assert names(view) == ["ShadowmonRedLineBreached"] * pages + ["ShadowmonAwaitsReArm"]


def test_a_breach_pages_before_the_roll_back_is_journalled():
    """Users meet the model as long as it has weight, whatever phase the trial is in."""
    assert names(a_view(a_trial(breached=True))) == ["ShadowmonRedLineBreached"]


def test_a_person_who_rolls_back_is_not_paged():
    """No red line was crossed; what is to be done is a ticket all the same."""
    assert names(a_view(rolled_back(breached=False), at=NOON)) == ["ShadowmonAwaitsReArm"]


def test_one_rule_on_many_slices_is_one_alert():
    """However many of a rule's slices cross it, it is one rule's page."""
    rule = a_rule_view("edge", Side.WORSE, breached=True)
    trial = replace(rolled_back(), rules=(rule, rule, replace(rule, rule="core_quality")))

    rules = [dict(alert.labels).get("rule") for alert in firing(a_view(trial, at=NOON), {})]

    assert rules == ["edge", "core_quality", None]


def test_labels_are_every_replicas():
    """Labels tell of the trial and nothing of who tells, so that duplicates are recognised."""
    view = a_view(rolled_back())
    (alert,) = firing(view, {"cluster": "eu"})

    assert dict(alert.labels) == {
        "alertname": "ShadowmonAwaitsReArm",
        "severity": "ticket",
        "trial": "int8",
        "cluster": "eu",
    }
    later = replace(view, started_at=NOON, at=NOON + timedelta(hours=1))
    assert next(firing(later, {"cluster": "eu"})).labels == alert.labels


def test_since_when():
    """A roll-back fires since it happened, however late it is told."""
    trial = rolled_back(breached=True)

    for alert in firing(a_view(trial, at=NOON), {}):
        assert alert.since == trial.state.entered_stage_at


def test_it_says_where_to_read_on():
    """Whoever is woken finds the same runbook as by Prometheus' alert."""
    (alert,) = firing(a_view(rolled_back()), {})

    told = alert.told(starts_at=NOON, ends_at=NOON)

    assert told["annotations"]["runbook_url"] == "docs/runbooks/ShadowmonAwaitsReArm.md"
