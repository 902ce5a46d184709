"""
A text, read once for all measures; and the baseline's, made ready to hold others against.

Rule: whatever one text costs is bounded. What stands behind the first `READ_MAX` characters is not
compared, only its length is counted in; a loop is looked for in the last `READ_MAX` characters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from shadowmon.scoring.text import bleu
from shadowmon.scoring.text.bleu import Bleu
from shadowmon.scoring.text.chrf import Chrf
from shadowmon.scoring.text.chunks import Chunk, chunks
from shadowmon.scoring.text.language import LanguageProfile, profile
from shadowmon.scoring.text.repetition import degenerated
from shadowmon.scoring.text.rouge import Rouge
from shadowmon.scoring.text.words import words_and_marks


READ_MAX = 100_000
"""Characters, some 25,000 tokens."""
_BASELINES = 8
"""Of the last exchanges: the trials of a route share a baseline."""
_NOTHING = Chunk((), (), (), 0, 0, (), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the measures need of one text."""

    compared: str
    """The text, as far as it is compared."""
    rouge: list[str]
    bleu: list[str]
    words: int
    """In the whole text; of one that is too long, reckoned from its beginning."""
    negations: tuple[int, int]
    """Of the words that are compared, how many negate, and how many there are."""
    quantities: Counter[str]
    language: LanguageProfile
    repeats: bool


class Baseline:
    """A reading of the baseline's text, and what others are held against."""

    def __init__(self, text: str) -> None:
        self.reading = read(text)
        self.rouge = Rouge(self.reading.rouge)
        self.bleu = Bleu(self.reading.bleu)
        self.chrf = Chrf(self.reading.compared)


def read(text: str) -> Reading:
    """Read a text, in time that grows with its length up to `READ_MAX` and not beyond."""
    compared = text[:READ_MAX]
    parts = chunks(compared) or [_NOTHING]
    rouge, plain_bleu, marked, words, negations, quantities, hints = zip(*parts, strict=True)
    cleaned = bleu.cleaned(compared)
    ending = list(_joined(marked)) if len(text) <= READ_MAX else words_and_marks(text[-READ_MAX:])
    return Reading(
        compared=compared,
        rouge=list(_joined(rouge)),
        bleu=list(_joined(plain_bleu)) if cleaned == compared.rstrip() else bleu.tokens(compared),
        words=round(sum(words) * len(text) / (len(compared) or 1)),
        negations=(sum(negations), sum(words)),
        quantities=Counter(_joined(quantities)),
        language=profile(compared, _joined(hints)),
        repeats=degenerated(ending),
    )


_joined = chain.from_iterable


def as_baseline(text: str) -> Baseline:
    """Return the baseline's text made ready; the last few are remembered, if not too long."""
    return _remembered(text) if len(text) <= READ_MAX else Baseline(text)


_remembered = lru_cache(_BASELINES)(Baseline)
