from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.records import (
    Assessment,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Outcome,
)
from shadowmon.scoring.assessed import observe_assessed, observe_pair
from tests.factories import a_pair, a_reply


NAME = MetricName("m")
SCORES = Metric(name=NAME, kind=MetricKind.SCORES, sentence="A figure.")
VERDICTS = Metric(name=NAME, kind=MetricKind.VERDICTS, sentence="A yes or a no.")
DIVERGENCE = Metric(name=NAME, kind=MetricKind.DIVERGENCE, sentence="A distance.")
FAILED = a_reply(outcome=Outcome.TIMEOUT, answer=None)


@pytest.mark.parametrize("assessment", [None, Assessment(unavailable="budget")])
def test_what_could_not_be_found_says_nothing(assessment):
    """No assessment, and one that is unavailable, are no observation: never a zero."""
    assert observe_assessed(SCORES, assessment) is None


def test_missing_stays_missing():
    """What the answers may have prevented is missing, at its rate."""
    found = observe_assessed(SCORES, Assessment(missing="judge_unreadable", rate=500))
    assert found == Observation(metric=NAME, missing="judge_unreadable", rate=500)


def test_figures_and_distances_are_kept_with_their_rate():
    """Figures of a scores metric and the distance of a divergence are the assessment's own."""
    scores = observe_assessed(SCORES, Assessment(baseline=0.5, optimized=0.25, rate=7))
    assert scores == Observation(metric=NAME, baseline=0.5, optimized=0.25, rate=7)
    divergence = observe_assessed(DIVERGENCE, Assessment(distance=0.3))
    assert divergence == Observation(metric=NAME, distance=0.3)


def test_figures_of_verdicts_become_a_yes_or_a_no():
    """Of a verdicts metric a figure above one half is True, and none is a number."""
    found = observe_assessed(VERDICTS, Assessment(baseline=0.0, optimized=1.0))
    assert found is not None
    assert (found.baseline, found.optimized) == (False, True)


@pytest.mark.parametrize(
    ("changes", "observed"),
    [
        ({}, [Observation(metric=NAME, distance=0.3)]),
        ({"assessments": {}}, []),
        ({"assessments": {"m": Assessment(unavailable="timeout")}, "optimized": FAILED}, []),
        ({"baseline": FAILED}, []),
        ({"optimized": FAILED}, [Observation(metric=NAME, missing="optimized_failed")]),
        (
            {"optimized": replace(FAILED, outcome=Outcome.SHED)},
            [Observation(metric=NAME, missing="optimized_shed")],
        ),
    ],
)
def test_replies_that_failed_have_no_quality(changes, observed):
    """A pair's assessment is read only where both replies may be; else the optimized is missing."""
    pair = replace(a_pair(assessments={"m": Assessment(distance=0.3)}), **changes)
    assert observe_pair(DIVERGENCE, pair) == observed
