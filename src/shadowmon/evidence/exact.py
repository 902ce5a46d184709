"""
Sums of floats that do not depend on their order.

An e-value is a sum of counts times logarithms. A matrix product adds it up in an order of its own,
another one for ten accounts at once than for one, and on another processor; the last bits differ,
and with them what a journal says was decided. So logarithms are written in steps so coarse that
counts times them, and every sum of these, are whole numbers of steps that a float holds exactly.
Exact sums are the same in any order: an account alone and one among a thousand give the same bits.

One such grid would be too coarse. So a table is the sum of two, the second of what the first leaves
over; together they have 50 bits of a column's largest entry, where a float has 53 (Ozaki, Ogita,
Oishi and Rump, Error-free transformations of matrix multiplication, Numerical Algorithms 59, 2012).

Counts are divided too, for they grow: what is beyond 2^20 units (4 096 pairs in one place) has a
product of its own, with the few places that come so far.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.knots import Integers


Floats = NDArray[np.float64]

_COUNT_BITS = 20
_COUNTS = 1 << _COUNT_BITS

_NARROW = 48
"""Columns; to multiply with them costs less than to look which places are empty."""

Cut: TypeAlias = tuple[int, int]
"""Where adjoining places of an account begin and end."""


class Table:
    """Floats (places, columns), to be multiplied with counts."""

    __slots__ = ("_columns", "_twice")

    def __init__(self, table: Floats) -> None:
        places, self._columns = table.shape
        bits = 53 - _COUNT_BITS - math.ceil(math.log2(places + 1))
        coarse = _rounded(table, bits)
        fine = _rounded(table - coarse, bits)
        self._twice: Floats = np.concatenate([coarse, fine], axis=1)

    def times(
        self,
        accounts: Integers | Floats,
        cuts: Sequence[Cut] = (),
        which: Integers | None = None,
        *,
        out: Floats | None = None,
    ) -> Floats:
        """
        Return the product of the table and accounts.

        Args:
            accounts: (accounts, places), each count a whole number in 0 to 2^40.
            cuts: Which of these places are the table's, in its order; if none, all are.
            which: Numbers of the accounts that are meant; if None, all are.
            out: Where the product is to be written; made if there is none.

        Returns:
            (columns, accounts).

        """
        counts = accounts.astype(np.float64, copy=False)
        low: list[Floats] = []
        high: list[Floats] = []
        for twice, part in self._cut_out(counts, cuts, which):
            if np.maximum.reduce(part, axis=None, initial=0.0) < _COUNTS:
                low.append(twice.T @ part.T)
                continue
            large = np.flatnonzero(part.max(axis=0) >= _COUNTS)
            beyond = np.floor(part[:, large] / _COUNTS)
            rest = part.copy()
            rest[:, large] -= beyond * _COUNTS
            low.append(twice.T @ rest.T)
            high.append(twice[large].T @ beyond.T)
        if out is None:
            out = np.empty((self._columns, len(counts) if which is None else len(which)))
        if low:
            self._add(low, out)
        else:
            out.fill(0.0)
        if high:
            out += _COUNTS * self._add(high, np.empty_like(out))
        return out

    def _cut_out(
        self, counts: Floats, cuts: Sequence[Cut], which: Integers | None
    ) -> Iterator[tuple[Floats, Floats]]:
        """Return, for each cut, the table's rows and the counts that they are multiplied with."""
        at = 0
        for begin, end in cuts or [(0, counts.shape[1])]:
            twice = self._twice[at : at + end - begin]
            at += end - begin
            # What is missing has a place for itself, and is rare.
            if end - begin == 1 and not counts[:, begin].any():
                continue
            part = counts[slice(None) if which is None else which, begin:end]
            # Of a histogram's places few are hit, mostly. With a narrow table it gains nothing.
            if twice.shape[1] > _NARROW:
                hit = np.flatnonzero(part.any(axis=0))
                twice, part = twice[hit], part[:, hit]
            yield twice, part

    def _add(self, products: Sequence[Floats], out: Floats) -> Floats:
        """Sum the coarse logarithms and the fine ones, each exactly; then add both into `out`."""
        first, *others = products
        sums: Floats = sum(others, first)
        return np.add(sums[: self._columns], sums[self._columns :], out=out)


def _rounded(table: Floats, bits: int) -> Floats:
    """Round each column to so many bits of its largest entry."""
    top = np.abs(table).max(axis=0)
    step = np.ldexp(1.0, np.frexp(np.where(top > 0, top, 1.0))[1] - bits)
    rounded: Floats = np.rint(table / step) * step
    return rounded
