"""What is firing, as Alertmanagers are told it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.notify.alerts import firing
from shadowmon.records import Phase
from tests.factories import NOON
from tests.views import a_trial_view, a_view


def names(view):
    """Return the names of what is firing."""
    return [dict(alert.labels)["alertname"] for alert in firing(view, {})]


def a_trial(**state):
    """Return a trial whose state is changed."""
    trial = a_trial_view()
    return replace(trial, state=replace(trial.state, **state))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (a_view(), []),
        (a_view(a_trial(phase=Phase.ROLLED_BACK)), ["ShadowmonRolledBack"]),
        (a_view(a_trial(drifted=True)), ["ShadowmonWeightDrifted"]),
        (a_view(store_problem="the disk is full"), ["ShadowmonStoreUnwritable"]),
    ],
)
def test_what_fires(view, expected):
    """Weight that was taken away, a foreign hand, a store that is down; else nothing."""
    assert names(view) == expected


def test_labels_are_every_replicas():
    """Labels tell of the trial and nothing of who tells, so that duplicates are recognised."""
    view = a_view(a_trial(phase=Phase.ROLLED_BACK))
    (alert,) = firing(view, {"cluster": "eu"})

    assert dict(alert.labels) == {
        "alertname": "ShadowmonRolledBack",
        "severity": "critical",
        "trial": "int8",
        "route": "digits",
        "cluster": "eu",
    }
    later = replace(view, started_at=NOON, at=NOON)
    assert next(firing(later, {"cluster": "eu"})).labels == alert.labels


def test_since_when():
    """A roll-back fires since it happened, however late it is told."""
    state = a_trial_view().state
    (alert,) = firing(a_view(a_trial(phase=Phase.ROLLED_BACK)), {})

    assert alert.since == state.entered_stage_at
