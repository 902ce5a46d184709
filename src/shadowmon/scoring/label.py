"""How often, and how far, two classifiers disagree. Without labels this is all there is to know."""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.distributions import jensen_shannon, normalized
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


DISAGREEMENT = MetricName("disagreement")
PROBABILITY_DIVERGENCE = MetricName("probability_divergence")


class LabelScorer:
    """Compares labels and the probabilities behind them."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=DISAGREEMENT,
            kind=MetricKind.DIVERGENCE,
            sentence="The two models gave different labels (1) or the same label (0).",
        ),
        Metric(
            name=PROBABILITY_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How far apart the two models' probabilities of the labels are"
            " (Jensen-Shannon divergence, in bits).",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        if baseline is None:
            return ()
        optimized = readable(pair.optimized)
        applies = {
            DISAGREEMENT: baseline.label is not None,
            PROBABILITY_DIVERGENCE: _distribution(baseline) is not None,
        }
        if optimized is None:
            return [unread(metric, pair.optimized) for metric, does in applies.items() if does]
        measure = {DISAGREEMENT: _disagreement, PROBABILITY_DIVERGENCE: _probability_divergence}
        return [measure[metric](baseline, optimized) for metric, does in applies.items() if does]


def _disagreement(baseline: Answer, optimized: Answer) -> Observation:
    if baseline.label is None or optimized.label is None:
        return Observation(metric=DISAGREEMENT, missing="optimized_without_label")
    differs = baseline.label.strip() != optimized.label.strip()
    return Observation(metric=DISAGREEMENT, distance=float(differs))


def _probability_divergence(baseline: Answer, optimized: Answer) -> Observation:
    expected, found = _distribution(baseline), _distribution(optimized)
    if expected is None or found is None:
        return Observation(metric=PROBABILITY_DIVERGENCE, missing="optimized_without_probabilities")
    return Observation(metric=PROBABILITY_DIVERGENCE, distance=jensen_shannon(expected, found))


def _distribution(answer: Answer) -> dict[str, float] | None:
    return None if answer.probabilities is None else normalized(answer.probabilities)
