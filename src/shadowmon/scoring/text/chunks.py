"""
A text is split at white space once, and whatever the measures count of a chunk is remembered: most
chunks of a language come again and again.

Rule: whatever is counted here of a whole text is what its chunks have, one after the other (the
tests hold each measure to it), and what is remembered is bounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from shadowmon.scoring.text import bleu, rouge
from shadowmon.scoring.text.language import hints
from shadowmon.scoring.text.negation import negations
from shadowmon.scoring.text.quantities import quantities
from shadowmon.scoring.text.words import words, words_and_marks


_REMEMBERED = 16_384
_LENGTH_MAX = 40
"""Characters; a longer chunk is a clause without blanks or an address, and does not come again."""


class Chunk(NamedTuple):
    """What is counted of a part of a text that has no white space in it."""

    rouge: tuple[str, ...]
    bleu: tuple[str, ...]
    """Of the chunk as it stands; a text that `bleu.cleaned` changes is split anew."""
    marked: tuple[str, ...]
    """The words, and each punctuation mark on its own."""
    words: int
    negations: int
    quantities: tuple[str, ...]
    hints: tuple[str, ...]


def chunks(text: str) -> list[Chunk]:
    """Return what is counted of each chunk of a text, in order."""
    return [
        _remembered(chunk) if len(chunk) <= _LENGTH_MAX else _counted(chunk)
        for chunk in text.split()
    ]


def _counted(chunk: str) -> Chunk:
    return Chunk(
        rouge=tuple(rouge.tokens(chunk)),
        bleu=tuple(bleu.cleaned_tokens(chunk)),
        marked=tuple(words_and_marks(chunk)),
        words=len(words(chunk)),
        negations=negations(chunk),
        quantities=tuple(quantities(chunk)),
        hints=tuple(hints(chunk)),
    )


_remembered = lru_cache(_REMEMBERED)(_counted)
