"""Which of two answers is the better one? A judge model says (assessors/judge.py)."""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair, Worse
from shadowmon.scoring.assessed import observe_pair
from shadowmon.scoring.settings import ScoringSettings


PREFERENCE = MetricName("preference")
"""Also the assessment's name."""


class PreferenceScorer:
    """
    Reads the judge's choice: 1 and 0 for the better and the worse answer, one half each for a tie.

    What a judge prefers is not what people prefer: it is calibrated by `shadowmon judge-report`.
    """

    metrics: tuple[Metric, ...] = (
        Metric(
            name=PREFERENCE,
            kind=MetricKind.SCORES,
            worse=Worse.LOWER,
            sentence="How often the judge preferred the model's answer to the other's; a tie is"
            " one half for each.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; the assessor has settings of its own."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        return observe_pair(self.metrics[0], pair)
