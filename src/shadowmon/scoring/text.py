"""
How far apart two answers in words are, each measure as a metric of its own.

No single figure sees everything: no overlap measure sees a wrong number, a negation or a loop. So
nothing is averaged here, and each metric is held to limits of its own.

Models that sample answer differently every time: read a divergence beside what the baseline shows
against itself, never as an absolute.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.chrf import chrf
from shadowmon.scoring.normalize import prose
from shadowmon.scoring.readable import readable, spoken, unread
from shadowmon.scoring.refusal import refuses
from shadowmon.scoring.repetition import repeats
from shadowmon.scoring.rouge import rouge_l, tokens
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.words import words


INEXACT = MetricName("inexact")
ROUGE_L_DIVERGENCE = MetricName("rouge_l_divergence")
CHRF_DIVERGENCE = MetricName("chrf_divergence")
LENGTH_DIVERGENCE = MetricName("length_divergence")
REFUSAL = MetricName("refusal")
REPETITION = MetricName("repetition")


class TextScorer:
    """Compares what the two models say in words; a readable answer without words says ""."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=INEXACT,
            kind=MetricKind.DIVERGENCE,
            sentence="The two texts differ (1) or are the same but for blanks and encoding (0).",
        ),
        Metric(
            name=ROUGE_L_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How little of the two texts is the same words in the same order"
            " (1 - ROUGE-L).",
        ),
        Metric(
            name=CHRF_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How few short runs of characters of the baseline's text the optimized"
            " model's text shares (1 - chrF).",
        ),
        Metric(
            name=LENGTH_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How much shorter the shorter text is than the longer one, in words.",
        ),
        Metric(
            name=REFUSAL,
            kind=MetricKind.VERDICTS,
            sentence="The model declined to answer.",
        ),
        Metric(
            name=REPETITION,
            kind=MetricKind.VERDICTS,
            sentence="The model's text degenerated into repetition.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        expected = None if baseline is None else spoken(baseline)
        if baseline is None or expected is None:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(metric, pair.optimized) for metric in _applying(expected)]
        found = spoken(optimized) or ""
        return [*_divergences(expected, found), *_verdicts(baseline, optimized)]


def _applying(expected: str) -> list[MetricName]:
    """Return the metrics that the baseline's text allows: n-grams need something to count."""
    return [
        INEXACT,
        *([ROUGE_L_DIVERGENCE] if tokens(expected) else []),
        *([CHRF_DIVERGENCE] if expected.strip() else []),
        LENGTH_DIVERGENCE,
        REFUSAL,
        REPETITION,
    ]


def _divergences(expected: str, found: str) -> list[Observation]:
    distances = {
        INEXACT: float(prose(expected) != prose(found)),
        LENGTH_DIVERGENCE: _length_divergence(len(words(expected)), len(words(found))),
    }
    if expected_tokens := tokens(expected):
        distances[ROUGE_L_DIVERGENCE] = _from_similarity(rouge_l(expected_tokens, tokens(found)))
    if expected.strip():
        distances[CHRF_DIVERGENCE] = _from_similarity(chrf(expected, found))
    return [Observation(metric=metric, distance=each) for metric, each in distances.items()]


def _verdicts(baseline: Answer, optimized: Answer) -> list[Observation]:
    return [
        Observation(metric=REFUSAL, baseline=refuses(baseline), optimized=refuses(optimized)),
        Observation(
            metric=REPETITION,
            baseline=repeats(spoken(baseline) or ""),
            optimized=repeats(spoken(optimized) or ""),
        ),
    ]


def _length_divergence(one: int, other: int) -> float:
    longer = max(one, other)
    return 1 - min(one, other) / longer if longer else 0.0


def _from_similarity(similarity: float) -> float:
    """Turn a similarity into a distance; a similarity may exceed 1 by the last bit."""
    return min(1.0, max(0.0, 1 - similarity))
