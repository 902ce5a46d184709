"""
Are pairs as independent as the bets take them to be?

If they are, the mean of a hundred pairs varies a hundredth as much as one pair does. Where bursts
go together it varies more, and the ratio

    deff = variance of means of 100 x 100 / variance of one

is by how much fewer pairs there truly are than were counted (Kish, Survey sampling, 1965, calls it
the design effect). Shown as a gauge it warns (above 1.5) of users or sessions that nobody told us
of. Clusters are the remedy (clusters.py). Where no key exists, the evidence can be tempered: the
wealth of each bet is raised to the power 1/deff. That keeps alpha in simulation (1 to 3 % where 5 %
are promised; statistics, section 7), but deff is itself measured, so it is no theorem.

Both variances are taken within windows of 2 000 observations and pooled, and a window counts when
it is whole. Else a change would discount its own proof: a model that gets worse lets the means
differ too, and that is no dependence but what is to be found.

Rule 1: temper each bet's wealth, in each copy, before they are added up. The power of a sum is more
than the sum of powers, and of the restart chain's small shares far more: there 20 % were false.

Observations go in as they come. Not thread-safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


BLOCK = 100
"""Observations in one mean."""

BLOCKS = 20
"""Means in one window. With fewer the ratio says nothing: it is uncertain by sqrt(2 / means)."""

WARN_ABOVE = 1.5


class _Moments:
    """Number, mean and sum of squares about it (Welford, Technometrics 4, 1962)."""

    __slots__ = ("count", "mean", "squares")

    def __init__(self, count: int = 0, mean: float = 0.0, squares: float = 0.0) -> None:
        self.count, self.mean, self.squares = count, mean, squares

    def add(self, value: float) -> None:
        self.count += 1
        away = value - self.mean
        self.mean += away / self.count
        self.squares += away * (value - self.mean)

    def to_json(self) -> list[float]:
        return [self.count, self.mean, self.squares]


class VarianceRatio:
    """The ratio of one stream, in bounded memory."""

    __slots__ = ("_block", "_in_block", "_means", "_ones", "_squares")

    def __init__(self) -> None:
        self._squares = (0.0, 0.0)
        """Of the single observations and of the means, about their window's mean."""
        self._ones = _Moments()
        self._means = _Moments()
        self._block = 0.0
        self._in_block = 0

    def add(self, value: float) -> None:
        """Take in the next observation's score: how much worse it is, on any scale."""
        self._ones.add(value)
        self._block += value
        self._in_block += 1
        if self._in_block == BLOCK:
            self._means.add(self._block / BLOCK)
            self._block, self._in_block = 0.0, 0
        if self._means.count == BLOCKS:
            ones, means = self._squares
            self._squares = (ones + self._ones.squares, means + self._means.squares)
            self._ones, self._means = _Moments(), _Moments()

    @property
    def ratio(self) -> float | None:
        """The ratio; None while no window is whole, or nothing varies."""
        ones, means = self._squares
        if not ones:
            return None
        one = ones / (BLOCK * BLOCKS - 1)
        return BLOCK * means / (BLOCKS - 1) / one

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return {
            "squares": self._squares,
            "ones": self._ones.to_json(),
            "means": self._means.to_json(),
            "block": [self._in_block, self._block],
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        ratio = cls()
        ones, means = state["squares"]
        ratio._squares = (ones, means)
        ratio._ones, ratio._means = _Moments(*state["ones"]), _Moments(*state["means"])
        ratio._in_block, ratio._block = state["block"]
        return ratio


def exponent(ratio: float | None) -> float:
    """Return what every bet's wealth is raised to: 1/deff, where that is known and above 1."""
    return 1 / max(1.0, ratio or 1.0)
