"""
The characters, or the words, of one text as numbers from 1 on, densely; those that only another
text has are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt


Codes = npt.NDArray[np.int32]

_UNKNOWN = "\0"


class Characters:
    """Numbers of a text's characters, in the order of their code points."""

    def __init__(self, text: str) -> None:
        points = _points(text)
        alphabet = np.zeros(int(points.max(initial=0)) + 2, np.int32)
        alphabet[points] = 1
        present = np.flatnonzero(alphabet)
        alphabet[present] = np.arange(1, len(present) + 1)
        self._table = alphabet
        self.size = len(present)

    def codes(self, text: str) -> Codes:
        """Return a text as numbers."""
        return self._table[np.minimum(_points(text), len(self._table) - 1)]


class Words:
    """Numbers of a text's words, in the order in which they first come."""

    def __init__(self, words: Sequence[str]) -> None:
        characters = map(chr, range(1, len(words) + 1))
        self._letters = dict(zip(dict.fromkeys(words), characters, strict=False))
        self.size = len(self._letters)

    def spell(self, words: Iterable[str]) -> str:
        """Return a text in which each word is the one character that has its number."""
        return "".join(map(self._letters.get, words, repeat(_UNKNOWN)))

    @staticmethod
    def codes(spelled: str) -> Codes:
        """Return a text that is spelled so as numbers."""
        return _points(spelled)


def _points(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.int32)
