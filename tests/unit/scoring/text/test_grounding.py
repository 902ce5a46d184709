from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome, Question
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.grounding import GroundingScorer, Source
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


SOURCE = Question(source="Summarise: The cat sat on the mat while it rained.")


def observe(baseline, optimized, question=SOURCE):
    pair = a_pair(
        *(a_reply(each) if isinstance(each, str) else each for each in (baseline, optimized)),
        question=question,
    )
    return GroundingScorer(ScoringSettings()).score(pair)


class TestGroundingScorer(ScorerContract):
    def make(self, settings):
        return GroundingScorer(settings)

    def pairs(self):
        return [a_pair(a_reply("The cat sat."), a_reply("The dog."), question=SOURCE)]


def test_share_of_words_in_order():
    """Words of the source in its order are grounded; others, and others' order, are not."""
    (found,) = observe("The cat sat on the mat.", "A dog sat on the mat.")
    assert found.baseline == 1.0
    assert found.optimized == pytest.approx(4 / 6)


def test_case_and_marks_do_not_count():
    """Words are compared, not how they are set."""
    assert Source("THE CAT, sat").share("the cat? sat!") == 1.0


def test_any_script():
    """A summary in Japanese is held against a source in Japanese."""
    assert Source("猫が座った").share("猫が") == 1.0


def test_silence_is_not_grounded():
    """A model that says nothing where the baseline speaks has no word of the source."""
    (found,) = observe("The cat sat.", a_reply(answer=Answer(text="")))
    assert found.optimized == 0.0


@pytest.mark.parametrize(
    ("baseline", "question"),
    [("The cat.", Question()), ("The cat.", Question(source=" ?")), (" ", SOURCE)],
)
def test_nothing_without_a_source_or_an_answer(baseline, question):
    """Where there is nothing to draw on, or the baseline says nothing, nothing is measured."""
    assert observe(baseline, "The cat.", question) == ()


def test_failed_optimized_reply_is_missing():
    """A model cannot escape by failing."""
    (found,) = observe("The cat.", a_reply(outcome=Outcome.RESET, answer=None))
    assert found.missing == "optimized_failed"
