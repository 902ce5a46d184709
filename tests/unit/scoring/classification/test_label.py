from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.classification.label import LabelScorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def says(label=None, **probabilities):
    return a_reply(answer=Answer(label=label, probabilities=probabilities or None))


def observe(baseline, optimized):
    found = LabelScorer(ScoringSettings()).score(a_pair(baseline, optimized))
    return {each.metric: each.missing or each.distance for each in found}


class TestLabelScorer(ScorerContract):
    def make(self, settings):
        return LabelScorer(settings)

    def pairs(self):
        return [
            a_pair(says("cat", cat=0.9, dog=0.1), says("dog", cat=0.2, dog=0.8)),
            a_pair(says("cat"), says(cat=1.0)),
            a_pair(says(cat=0.5, dog=0.5), says("cat")),
        ]


def test_other_label_is_a_disagreement():
    """Two labels differ or they do not."""
    assert observe(says("cat"), says("dog")) == {"disagreement": 1.0}
    assert observe(says("cat"), says(" cat")) == {"disagreement": 0.0}


def test_probabilities_are_compared_by_divergence():
    """Probabilities are compared over all labels that either side names, scaled to 1."""
    found = observe(says(cat=0.5, dog=0.5), says(cat=2.0, dog=2.0))
    assert found == {"probability_divergence": 0.0}
    assert observe(says(cat=1.0), says(dog=1.0)) == {"probability_divergence": 1.0}


def test_optimized_answer_without_a_label_is_missing():
    """Where the baseline gave a label and the optimized model none, that is said."""
    assert observe(says("cat", cat=1.0), says()) == {
        "disagreement": "optimized_without_label",
        "probability_divergence": "optimized_without_probabilities",
    }


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing in every metric that the baseline's answer calls for."""
    failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)
    assert observe(says("cat"), failed) == {"disagreement": "optimized_failed"}


@pytest.mark.parametrize("baseline", [says(), a_reply(outcome=Outcome.ERROR, answer=None)])
def test_nothing_without_a_baseline(baseline):
    """Where the baseline gave no label there is nothing to hold the other against."""
    assert observe(baseline, says("cat", cat=1.0)) == {}
