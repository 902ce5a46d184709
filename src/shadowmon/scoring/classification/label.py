"""How often, and how far, two classifiers disagree. Without labels this is all there is to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.classification.distributions import jensen_shannon, normalized
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
        baseline, optimized = readable(pair.baseline), readable(pair.optimized)
        if baseline is None:
            return ()
        expected = _distribution(baseline)
        if optimized is None:
            applying = [
                *([DISAGREEMENT] if baseline.label is not None else []),
                *([PROBABILITY_DIVERGENCE] if expected is not None else []),
            ]
            return [unread(metric, pair.optimized) for metric in applying]
        observations = []
        if baseline.label is not None:
            observations.append(_disagreement(baseline.label, optimized.label))
        if expected is not None:
            observations.append(_probability_divergence(expected, _distribution(optimized)))
        return observations


def _disagreement(expected: str, found: str | None) -> Observation:
    if found is None:
        return Observation(metric=DISAGREEMENT, missing="optimized_without_label")
    return Observation(metric=DISAGREEMENT, distance=float(expected.strip() != found.strip()))


def _probability_divergence(
    expected: Mapping[str, float], found: Mapping[str, float] | None
) -> Observation:
    if found is None:
        return Observation(metric=PROBABILITY_DIVERGENCE, missing="optimized_without_probabilities")
    return Observation(metric=PROBABILITY_DIVERGENCE, distance=jensen_shannon(expected, found))


def _distribution(answer: Answer) -> dict[str, float] | None:
    return None if answer.probabilities is None else normalized(answer.probabilities)
