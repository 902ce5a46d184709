from __future__ import annotations

from shadowmon.records import Assessment
from shadowmon.scoring.semantic import SemanticScorer
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair


class TestSemanticScorer(ScorerContract):
    def make(self, settings):
        return SemanticScorer(settings)

    def pairs(self):
        return [a_pair(assessments={"semantic_divergence": Assessment(distance=0.0)})]


def test_distance_is_the_assessors():
    """What is observed is the distance that the assessor found."""
    pair = a_pair(assessments={"semantic_divergence": Assessment(distance=0.25)})
    (found,) = SemanticScorer(TestSemanticScorer.settings).score(pair)
    assert found.distance == 0.25
