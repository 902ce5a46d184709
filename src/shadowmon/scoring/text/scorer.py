"""
How far apart two answers in words are, each measure as a metric of its own.

No single figure sees everything: no overlap measure sees a wrong number, a negation or a loop. So
nothing is averaged here, and each metric is held to limits of its own.

Models that sample answer differently every time: read a divergence beside what the baseline shows
against itself, never as an absolute.

Which metric sees which damage is measured by `python -m benchmarks.scoring degraded`, and how well
they follow experts by `summeval`. Of very long texts the beginning is compared (reading.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, spoken, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.language import language_divergence
from shadowmon.scoring.text.negation import negation_divergence
from shadowmon.scoring.text.normalize import same_prose
from shadowmon.scoring.text.quantities import number_divergence
from shadowmon.scoring.text.reading import READ_MAX, Baseline, Reading, as_baseline, read
from shadowmon.scoring.text.refusal import refuses


INEXACT = MetricName("inexact")
ROUGE_1_DIVERGENCE = MetricName("rouge_1_divergence")
ROUGE_2_DIVERGENCE = MetricName("rouge_2_divergence")
ROUGE_L_DIVERGENCE = MetricName("rouge_l_divergence")
CHRF_DIVERGENCE = MetricName("chrf_divergence")
BLEU_DIVERGENCE = MetricName("bleu_divergence")
LENGTH_DIVERGENCE = MetricName("length_divergence")
NEGATION_DIVERGENCE = MetricName("negation_divergence")
NUMBER_DIVERGENCE = MetricName("number_divergence")
OTHER_LANGUAGE = MetricName("other_language")
REFUSAL = MetricName("refusal")
REPETITION = MetricName("repetition")

_DIVERGENCES: dict[MetricName, str] = {
    INEXACT: "The two texts differ (1) or are the same but for blanks and encoding (0).",
    ROUGE_1_DIVERGENCE: "How few words the two texts share (1 - ROUGE-1).",
    ROUGE_2_DIVERGENCE: "How few pairs of neighbouring words the two texts share (1 - ROUGE-2).",
    ROUGE_L_DIVERGENCE: "How little of the two texts is the same words in the same order"
    " (1 - ROUGE-L).",
    CHRF_DIVERGENCE: "How few short runs of characters of the baseline's text the optimized"
    " model's text shares (1 - chrF).",
    BLEU_DIVERGENCE: "How few runs of up to four words of the optimized model's text are in the"
    " baseline's text (1 - BLEU).",
    LENGTH_DIVERGENCE: "How much shorter the shorter text is than the longer one, in words.",
    NEGATION_DIVERGENCE: "How far apart the two texts' rates of words that negate are.",
    NUMBER_DIVERGENCE: "How few of the numbers that the two texts name are the same.",
    OTHER_LANGUAGE: "How much of the two texts is in different languages (1) or scripts.",
}
_VERDICTS: dict[MetricName, str] = {
    REFUSAL: "The model declined to answer.",
    REPETITION: "The model's text degenerated into repetition.",
}


class TextScorer:
    """Compares what the two models say in words; a readable answer without words says ""."""

    metrics: tuple[Metric, ...] = tuple(
        Metric(name=name, kind=kind, sentence=sentence)
        for kind, sentences in (
            (MetricKind.DIVERGENCE, _DIVERGENCES),
            (MetricKind.VERDICTS, _VERDICTS),
        )
        for name, sentence in sentences.items()
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        ours = readable(pair.baseline)
        expected = None if ours is None else spoken(ours)
        if ours is None or expected is None:
            return ()
        baseline = as_baseline(expected)
        theirs = readable(pair.optimized)
        if theirs is None:
            applying = [*_divergences(baseline.reading), *_VERDICTS]
            return [unread(metric, pair.optimized) for metric in applying]
        said = spoken(theirs) or ""
        optimized = baseline.reading if said == expected else read(said)
        distances = (
            dict.fromkeys(_divergences(baseline.reading), 0.0)
            if said == expected
            else _distances(baseline, optimized) | {INEXACT: float(not _same(expected, said))}
        )
        return [
            *(Observation(metric=metric, distance=each) for metric, each in distances.items()),
            Observation(metric=REFUSAL, baseline=refuses(ours), optimized=refuses(theirs)),
            Observation(
                metric=REPETITION,
                baseline=baseline.reading.repeats,
                optimized=optimized.repeats,
            ),
        ]


def _divergences(baseline: Reading) -> list[MetricName]:
    """Return the divergences that the baseline's text allows: n-grams need something to count."""
    return [
        INEXACT,
        *((ROUGE_1_DIVERGENCE, ROUGE_L_DIVERGENCE) if baseline.rouge else ()),
        *((ROUGE_2_DIVERGENCE,) if len(baseline.rouge) > 1 else ()),
        *((CHRF_DIVERGENCE,) if baseline.compared.strip() else ()),
        *((BLEU_DIVERGENCE,) if baseline.bleu else ()),
        LENGTH_DIVERGENCE,
        NEGATION_DIVERGENCE,
        NUMBER_DIVERGENCE,
        OTHER_LANGUAGE,
    ]


def _distances(baseline: Baseline, found: Reading) -> dict[MetricName, float]:
    """Measure all divergences that apply but the first."""
    expected = baseline.reading
    distances = {
        LENGTH_DIVERGENCE: _length_divergence(expected.words, found.words),
        NEGATION_DIVERGENCE: negation_divergence(expected.negations, found.negations),
        NUMBER_DIVERGENCE: number_divergence(expected.quantities, found.quantities),
        OTHER_LANGUAGE: language_divergence(expected.language, found.language),
    }
    if expected.rouge:
        scores = baseline.rouge.score(found.rouge)
        distances[ROUGE_1_DIVERGENCE] = _from_similarity(scores.one)
        distances[ROUGE_L_DIVERGENCE] = _from_similarity(scores.longest)
        if len(expected.rouge) > 1:
            distances[ROUGE_2_DIVERGENCE] = _from_similarity(scores.two)
    if expected.compared.strip():
        distances[CHRF_DIVERGENCE] = _from_similarity(baseline.chrf.score(found.compared))
    if expected.bleu:
        distances[BLEU_DIVERGENCE] = _from_similarity(baseline.bleu.score(found.bleu))
    return distances


def _same(expected: str, said: str) -> bool:
    """Are two texts, which differ, the same but for blanks? Of very long ones it is not asked."""
    return max(len(expected), len(said)) <= READ_MAX and same_prose(expected, said)


def _length_divergence(one: int, other: int) -> float:
    longer = max(one, other)
    return 1 - min(one, other) / longer if longer else 0.0


def _from_similarity(similarity: float) -> float:
    """Turn a similarity into a distance; a similarity may exceed 1 by the last bit."""
    return min(1.0, max(0.0, 1 - similarity))
