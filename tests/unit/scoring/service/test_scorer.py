from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome, Scope
from shadowmon.scoring.service.scorer import ServiceScorer, excess
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


FAILED = a_reply(outcome=Outcome.TIMEOUT, answer=None)


def observe(baseline, optimized):
    found = ServiceScorer(ScoringSettings()).score(a_pair(baseline, optimized))
    return {each.metric: each for each in found}


def a_full_reply(factor):
    return a_reply(
        answer=Answer(text="x", output_tokens=int(10 * factor)),
        duration_seconds=1.0 * factor,
        first_byte_seconds=0.2 * factor,
        cost=0.01 * factor,
    )


class TestServiceScorer(ScorerContract):
    def make(self, settings):
        return ServiceScorer(settings)

    def pairs(self):
        return [a_pair(a_full_reply(1), a_full_reply(factor)) for factor in (0, 0.5, 1, 3)]


def test_twice_as_much_is_an_excess_of_a_half():
    """Each figure that doubled exceeds the baseline's by half of itself."""
    found = observe(a_full_reply(1), a_full_reply(2))
    names = {"latency_excess", "first_token_excess", "output_tokens_excess", "cost_excess"}
    assert {name: found[name].distance for name in names} == dict.fromkeys(names, 0.5)


@pytest.mark.parametrize(
    ("baseline", "optimized", "expected"),
    [(1.0, 0.5, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 4.0, 0.75)],
)
def test_excess(baseline, optimized, expected):
    """To be better is no excess, and a baseline of 0 is no division by it."""
    assert excess(baseline, optimized) == expected


def test_only_what_both_sides_have_is_compared():
    """A figure that one side lacks is left out."""
    found = observe(a_reply(), a_full_reply(1))
    assert found.keys() == {"error", "latency_excess"}


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.OK, Outcome.SHED}))
def test_every_failure_is_an_error(outcome):
    """Whatever way a model failed in, it is its error, and nothing else is compared."""
    found = observe(a_full_reply(1), a_reply(outcome=outcome, answer=None))
    assert found.keys() == {"error"}
    assert (found["error"].baseline, found["error"].optimized) == (False, True)


def test_error_is_observed_when_both_failed():
    """Two failures are two errors."""
    error = observe(FAILED, FAILED)["error"]
    assert (error.baseline, error.optimized) == (True, True)


def test_answer_that_is_not_whole_is_an_error():
    """A cut answer and an error in a well-formed answer fail the user like any other failure."""
    cut = a_reply(answer=Answer(text="half", incomplete=True))
    told = a_reply(answer=Answer(error="overloaded"))
    error = observe(cut, told)["error"]
    assert (error.baseline, error.optimized) == (True, True)


def test_shed_call_says_nothing_of_a_model():
    """What our own limits kept from being asked is missing, not an error."""
    assert observe(a_reply(), a_reply(outcome=Outcome.SHED, answer=None))["error"].missing == "shed"


def test_service_is_judged_by_the_stage():
    """Load changes with the stage, so every metric here counts the present stage alone."""
    assert {metric.scope for metric in ServiceScorer.metrics} == {Scope.STAGE}
