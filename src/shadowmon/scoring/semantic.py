"""How far apart are two answers in meaning? An embeddings model says (assessors/semantic.py)."""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.assessed import observe_pair
from shadowmon.scoring.settings import ScoringSettings


SEMANTIC_DIVERGENCE = MetricName("semantic_divergence")
"""Also the assessment's name."""


class SemanticScorer:
    """
    Reads the distance that the semantic assessor found.

    It sees paraphrases, which n-grams do not; it hardly sees a wrong number or a negation.
    """

    metrics: tuple[Metric, ...] = (
        Metric(
            name=SEMANTIC_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How far apart the two texts are in meaning: 0 is the same, 1 is as far as"
            " answers to different questions.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; the assessor has settings of its own."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        return observe_pair(self.metrics[0], pair)
