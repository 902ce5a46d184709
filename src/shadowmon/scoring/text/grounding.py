"""
How much of each answer stands in what the model was given to draw on.

The share of an answer's words that are, in the same order, words of the request's own source: the
precision of ROUGE-L against it (C.-Y. Lin, 2004, section 3.1), over words of any script. It needs
no reference. On SummEval it follows the experts' marks for consistency better than the F1 does, or
n-grams do (`python -m benchmarks.scoring summeval`).

It is for tasks whose answers are made of their source (summaries, extracts, quotations). A free
answer has its words from elsewhere and is none the worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import LCSseq

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair, Worse
from shadowmon.scoring.readable import readable, spoken, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.numbering import Words
from shadowmon.scoring.text.reading import READ_MAX
from shadowmon.scoring.text.words import words


GROUNDING = MetricName("grounding")
_SOURCES = 4
"""Of the last exchanges."""


class GroundingScorer:
    """Holds both texts against the source; an answer without words has nothing that is grounded."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=GROUNDING,
            kind=MetricKind.SCORES,
            worse=Worse.LOWER,
            sentence="How much of the model's text is, in the same order, words of the request.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        ours = readable(pair.baseline)
        expected = None if ours is None else spoken(ours)
        source = _source(pair.question.source[:READ_MAX])
        if expected is None or not expected.strip() or not source:
            return ()
        theirs = readable(pair.optimized)
        if theirs is None:
            return [unread(GROUNDING, pair.optimized)]
        return [
            Observation(
                metric=GROUNDING,
                baseline=source.share(expected),
                optimized=source.share(spoken(theirs) or ""),
            )
        ]


class Source:
    """A text to draw on."""

    def __init__(self, text: str) -> None:
        said = _folded(text)
        self._words = Words(said)
        self._spelled = self._words.spell(said)

    def __bool__(self) -> bool:
        """Is there a word in it?"""
        return bool(self._spelled)

    def share(self, text: str) -> float:
        """Return how much of a text is words of this one in the same order; 0 if it has none."""
        said = self._words.spell(_folded(text[:READ_MAX]))
        return LCSseq.similarity(self._spelled, said) / len(said) if said else 0.0


def _folded(text: str) -> list[str]:
    return words(text.lower())


_source = lru_cache(_SOURCES)(Source)
