"""How far apart are the orders into which two models put the same documents?"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.numeric.ranks import kendall_distance, ndcg, rank_biased_overlap
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


RBO_DIVERGENCE = MetricName("rbo_divergence")
NDCG_DIVERGENCE = MetricName("ndcg_divergence")
KENDALL_DIVERGENCE = MetricName("kendall_divergence")


class RankingScorer:
    """Compares two rankings, the baseline's being the ideal one."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=RBO_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How little of the two rankings overlaps, its top first (1 - RBO at p = 0.9).",
        ),
        Metric(
            name=NDCG_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="What a reader of the first ten places loses, if the baseline's order is the"
            " right one (1 - nDCG).",
        ),
        Metric(
            name=KENDALL_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="The share of pairs of documents that the two rankings order differently.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        expected = () if baseline is None else order(baseline)
        if not expected:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(metric.name, pair.optimized) for metric in self.metrics]
        found = order(optimized)
        if not found:
            missing = "optimized_without_ranking"
            return [Observation(metric=each.name, missing=missing) for each in self.metrics]
        distances = {
            RBO_DIVERGENCE: 0.0 if found == expected else 1 - rank_biased_overlap(expected, found),
            NDCG_DIVERGENCE: max(0.0, 1 - ndcg(expected, found)),
            KENDALL_DIVERGENCE: kendall_distance(expected, found),
        }
        return [Observation(metric=metric, distance=each) for metric, each in distances.items()]


def order(answer: Answer) -> tuple[str, ...]:
    """Return the ranking, each document at the first place that it is named at."""
    return tuple(dict.fromkeys(answer.ranking or ()))
