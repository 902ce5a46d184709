"""
How many n-grams a text shares with others, for all orders at once.

Counting is exact, no hashing. An n-gram of the highest order is packed into one integer, its first
item in the highest bits, so that a sorted list of them is also sorted by every shorter prefix: one
sort serves all orders, equal n-grams are neighbours, and where two neighbours first differ is read
off their exclusive or. The sorted list of the text that others are held against is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from shadowmon.scoring.text.numbering import Codes


_Integers = npt.NDArray[np.int64]

_BITS = 60
"""Of a packed n-gram; below them one bit tells which text it is of."""
_BOUNDARY = np.int64(1 << 62)
"""More than the exclusive or of any two packed n-grams."""


class Ngrams:
    """The n-grams of one text, ready to be looked for in others."""

    def __init__(self, codes: Codes, size: int, order: int) -> None:
        """
        Take a text.

        Args:
            codes: Its characters or words, numbered from 1 to size (numbering.py).
            size: How many different ones there are.
            order: The length of the longest n-gram to count, from 1 to 6.
        """
        self._order = order
        self._codes = codes
        after = size + 1
        fits = after >> (_BITS // order) == 0  # else: very many different ones
        self._packed = _packed(codes, order, after=after, side=0) if fits else None

    def shared(self, codes: Codes) -> list[int]:
        """
        Return how many n-grams another text shares, for n = 1, 2, … up to the order.

        An n-gram that stands in the texts i and j times is shared min(i, j) times.

        Args:
            codes: The other text, in this one's numbers; 0 for what this one has not.
        """
        if self._packed is None:
            return shared_plainly(self._codes.tolist(), codes.tolist(), self._order)
        return _shared(self._packed, _packed(codes, self._order, after=0, side=1), self._order)


def shared_plainly(one: Sequence[object], other: Sequence[object], order: int) -> list[int]:
    """Count the shared n-grams of any two sequences, many times as slow."""
    return [(_counted(one, n) & _counted(other, n)).total() for n in range(1, order + 1)]


def _counted(items: Sequence[object], n: int) -> Counter[tuple[object, ...]]:
    return Counter(zip(*(items[at:] for at in range(n)), strict=False))


def _packed(codes: Codes, order: int, *, after: int, side: int) -> _Integers:
    """
    Return the n-grams of the highest order that start at each place, packed and sorted.

    What would stand behind the end is `after`, a number that the other text has not: so no n-gram
    that runs over the end is ever shared.
    """
    length, bits = len(codes), _BITS // order
    padded = np.empty(length + order - 1, np.int64)
    padded[:length] = codes
    padded[length:] = after
    grams = padded[:length].copy()
    for at in range(1, order):
        grams <<= bits
        grams |= padded[at : at + length]
    grams <<= 1
    grams |= side
    grams.sort()
    return grams


def _shared(ones: _Integers, others: _Integers, order: int) -> list[int]:
    """
    Count the shared n-grams of each order in two sorted lists of packed ones.

    Of i and j copies min(i, j) = (i + j - |i - j|) / 2 are shared. `surplus` counts, up to each
    place of the merged list, how many more came from the one text than from the other, so i - j is
    its difference over a run of equal n-grams.
    """
    merged = np.concatenate((ones, others))
    merged.sort(kind="stable")  # two sorted runs: a merge
    length = len(merged)
    surplus = np.zeros(length + 1, np.int64)
    np.add.accumulate(1 - ((merged & 1) << 1), out=surplus[1:])
    changes = np.empty(length + 1, np.int64)
    changes[0] = changes[-1] = _BOUNDARY
    np.bitwise_xor(merged[1:], merged[:-1], out=changes[1:length])
    counts = []
    for smallest in _thresholds(order):
        ends = surplus[changes >= smallest]
        counts.append(int(length - np.add.reduce(np.abs(ends[1:] - ends[:-1]))) >> 1)
    return counts


@cache
def _thresholds(order: int) -> list[npt.NDArray[np.int64]]:
    """Return for n = 1, 2, … the least exclusive or of two n-grams that differ in n items."""
    bits = _BITS // order
    return [np.array(2 << (bits * (order - n)), np.int64) for n in range(1, order + 1)]
