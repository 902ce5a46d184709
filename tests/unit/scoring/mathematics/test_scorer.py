from __future__ import annotations

import pytest

from shadowmon.records import Answer, Assessment, Outcome
from shadowmon.scoring.mathematics.scorer import (
    ANSWER_DIVERGENCE,
    ANSWERS_DIFFER,
    NO_FINAL_ANSWER,
    MathScorer,
)
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


SCORER = MathScorer(ScoringSettings())


class TestMathScorer(ScorerContract):
    def make(self, settings):
        return MathScorer(settings)

    def pairs(self):
        texts = ("The answer is 18.", r"\boxed{x+1}", "I do not know.", "", "1e999999999")
        return [a_pair(a_reply(one), a_reply(other)) for one in texts for other in texts]


def observe(baseline, optimized, assessment=None):
    assessments = {} if assessment is None else {ANSWERS_DIFFER: assessment}
    pair = a_pair(a_reply(baseline), a_reply(optimized), assessments=assessments)
    return {each.metric: each for each in SCORER.score(pair)}


def divergence(*arguments):
    return observe(*arguments).get(ANSWER_DIVERGENCE.name)


@pytest.mark.parametrize(
    ("baseline", "optimized", "distance"),
    [
        ("It is 18.", "A: 18.0", 0.0),
        ("It is 18.", "It is 19.", 1.0),
        ("It is 18.", "I do not know.", 1.0),
        ("It is 18.", "", 1.0),
        (r"\boxed{x^{2}}", r"\boxed{x^2}", 0.0),
        (r"\boxed{x+1}", r"\boxed{1+x}", 1.0),
    ],
)
def test_answers_are_compared_without_an_assessor(baseline, optimized, distance):
    """Numbers are compared exactly, all else as it is written; no answer is another answer."""
    assert divergence(baseline, optimized).distance == distance


@pytest.mark.parametrize("distance", [0.0, 1.0])
def test_a_proof_decides_of_formulas(distance):
    """What was found of two formulas is the distance."""
    found = divergence(r"\boxed{x+1}", r"\boxed{1+x}", Assessment(distance=distance))
    assert found.distance == distance


def test_a_proof_does_not_decide_of_numbers():
    """Two numbers are compared here, whatever an assessment says of them."""
    for assessment in (Assessment(distance=1.0), Assessment(unavailable="prover")):
        assert divergence("18", "18.0", assessment).distance == 0.0


def test_a_proof_that_failed_over_the_answers_is_missing():
    """An answer does not escape by being too hard to prove."""
    assert divergence(r"\boxed{x}", "9!", Assessment(missing="timeout")).missing == "timeout"


def test_without_a_prover_a_formula_is_left_out():
    """Where the baseline's answer asked for a proof, our own trouble says nothing of the models."""
    assert divergence(r"\boxed{x+1}", r"\boxed{1+x}", Assessment(unavailable="prover")) is None


def test_without_a_prover_a_number_is_not_left_out():
    """Where the optimized answer made the proof necessary, it does not escape the comparison."""
    found = divergence("18", r"\boxed{\sqrt{324}}", Assessment(unavailable="prover"))
    assert found.missing == "prover"


def test_text_without_an_answer():
    """Whether each text comes to an answer is observed; without one there is nothing to compare."""
    found = observe("I do not know.", "It is 18.")
    assert (found[NO_FINAL_ANSWER.name].baseline, found[NO_FINAL_ANSWER.name].optimized) == (
        True,
        False,
    )
    assert ANSWER_DIVERGENCE.name not in found


def test_label_is_the_answer():
    """An answer that is a label is read from there."""
    replies = [a_reply(answer=Answer(label=label)) for label in ("18", "18.00")]
    found = {each.metric: each for each in SCORER.score(a_pair(*replies))}
    assert found[ANSWER_DIVERGENCE.name].distance == 0.0


def test_failed_reply_is_missing_for_what_applies():
    """A reply that failed is missing where the baseline's answer asked for one."""
    failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)
    of_answer = SCORER.score(a_pair(a_reply("It is 18."), failed))
    of_none = SCORER.score(a_pair(a_reply("I do not know."), failed))
    assert [each.metric for each in of_answer] == [ANSWER_DIVERGENCE.name, NO_FINAL_ANSWER.name]
    assert [each.metric for each in of_none] == [NO_FINAL_ANSWER.name]
    assert all(each.missing for each in (*of_answer, *of_none))


def test_answer_without_words_is_not_measured():
    """Tool calls alone are no mathematics."""
    assert SCORER.score(a_pair(a_reply(None), a_reply("18"))) == ()
