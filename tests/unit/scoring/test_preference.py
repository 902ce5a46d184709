from __future__ import annotations

from shadowmon.records import Assessment
from shadowmon.scoring.preference import PreferenceScorer
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair


class TestPreferenceScorer(ScorerContract):
    def make(self, settings):
        return PreferenceScorer(settings)

    def pairs(self):
        return [a_pair(assessments={"preference": Assessment(baseline=0.5, optimized=0.5)})]


def test_choice_is_weighed_by_how_often_it_is_made():
    """The winner gets 1, and the observation bears the rate at which such pairs are judged."""
    pair = a_pair(assessments={"preference": Assessment(baseline=1.0, optimized=0.0, rate=500)})
    (found,) = PreferenceScorer(TestPreferenceScorer.settings).score(pair)
    assert (found.baseline, found.optimized, found.rate) == (1.0, 0.0, 500)
