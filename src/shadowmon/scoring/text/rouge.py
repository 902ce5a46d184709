"""
ROUGE: how many words, pairs of words, and words in the same order two texts share.

C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL workshop 2004, sections 2
and 3.1. Equal, to the last bit, to the figures of the `rouge-score` package (default tokenizer, no
stemmer), which most published figures were computed with. That rule of words knows only a to z and
0 to 9: a text of another script has none, and ROUGE says nothing about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from shadowmon.scoring.text.ngrams import Ngrams
from shadowmon.scoring.text.numbering import Words


_COUNTED = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
_BLANKED = bytes(byte if byte in _COUNTED else ord(" ") for byte in range(256))
_ORDER = 2


class RougeScores(NamedTuple):
    """F1 of each measure, in [0, 1]."""

    one: float
    two: float
    longest: float
    """ROUGE-L: of the longest common subsequence."""


class Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L against one reference's tokens."""

    def __init__(self, reference: Sequence[str]) -> None:
        self._words = Words(reference)
        self._spelled = self._words.spell(reference)
        self._ngrams = Ngrams(Words.codes(self._spelled), self._words.size, _ORDER)

    def score(self, candidate: Sequence[str]) -> RougeScores:
        """
        Return the F1 of each measure.

        Symmetric; 1 for the same tokens in the same order, 0 where either text has none (ROUGE-2:
        has not two).
        """
        spelled = self._words.spell(candidate)
        words, pairs = self._ngrams.shared(Words.codes(spelled))
        ours, theirs = len(self._spelled), len(spelled)
        return RougeScores(
            one=_f1(words, ours, theirs),
            two=_f1(pairs, ours - 1, theirs - 1),
            longest=_f1(LCSseq.similarity(self._spelled, spelled), ours, theirs),
        )


def tokens(text: str) -> list[str]:
    """Return the words that ROUGE counts: runs of a to z and 0 to 9, in lower case."""
    return text.lower().encode("ascii", "replace").translate(_BLANKED).decode("ascii").split()


def _f1(shared: int, reference: int, candidate: int) -> float:
    if shared == 0:
        return 0.0
    precision, recall = shared / candidate, shared / reference
    return 2 * precision * recall / (precision + recall)
