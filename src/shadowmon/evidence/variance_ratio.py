"""
Are pairs as independent as the bets take them to be?

If they are, the mean of B pairs varies a B-th as much as one pair does. Where bursts go together it
varies more, and the ratio

    deff = variance of means of B x B / variance of one

is by how much fewer pairs there truly are than were counted (Kish, Survey sampling, 1965, calls it
the design effect), once B is longer than the bursts. Shown as a gauge it warns (above 1.5) of users
or sessions that nobody told us of. Clusters are the remedy (clusters.py). Where no key exists, the
evidence can be tempered: the wealth of each bet is raised to the power 1/deff.

How long bursts are is not known, so means of 10, 20, 40 ... pairs are held against one another, and
the greatest ratio counts (batch means: Law and Kelton, Simulation modeling and analysis, 1982).
Their variance is taken from the differences of neighbours (von Neumann, The mean square successive
difference, Annals of Mathematical Statistics 12, 1941): a model that gets worse makes one large
difference, whenever it happens, where bursts make one after the other. Else a change would discount
its own proof. B grows with the square root of n, the pairs seen: then one change by d adds at most
8 d^2 / variance of one, however long the good stretch was, and rule 2 tells it from bursts.

What it can not do: the ratio is measured, so tempering comes too late for bursts that decide before
they can be seen (210 pairs at least), and a burst that outlasts the proof of a loss is to everyone
the loss itself. docs/statistics.md has the figures. Who knows of bursts and has no key can have
proofs tempered from the first pair on (`temper_at_least`).

Rule 1: temper each bet's wealth, in each copy, before they are added up. The power of a sum is more
than the sum of powers, and of the restart chain's small shares far more: there 20 % were false.
Rule 2: what chance makes of independent pairs is no dependence: a ratio counts if it is above 1 by
three standard errors. Else it is 1, and the proof is not weakened. The error is one of as many
differences as make up the sum: if one outweighs all others, they are few.

Observations go in as they come. Not thread-safe.
"""

from __future__ import annotations

import math

from collections.abc import Iterable


SHORTEST = 10
"""Observations in the shortest means."""

MEANS = 20
"""Differences of neighbours that a ratio needs."""

_ROOTS = 4
"""The longest means are of so many times the root of all observations."""

_ERRORS = 3.0


class _Means:
    """Means of equal length: how much neighbours differ."""

    __slots__ = ("differences", "fourths", "last", "squares", "waiting")

    def __init__(self) -> None:
        self.differences = 0
        self.squares = 0.0
        self.fourths = 0.0
        """Sums of the differences' second and fourth powers."""
        self.last: float | None = None
        self.waiting: float | None = None
        """The first half of a mean that is twice as long."""

    def add(self, mean: float) -> float | None:
        """Take a mean in; return the mean of this and the one before it, of every other one."""
        if self.last is not None:
            square = (mean - self.last) ** 2
            self.differences += 1
            self.squares += square
            self.fourths += square * square
        self.last = mean
        if self.waiting is None:
            self.waiting = mean
            return None
        both, self.waiting = (self.waiting + mean) / 2, None
        return both

    def variance(self) -> float:
        """Return the variance of one mean."""
        return self.squares / self.differences / 2

    def error(self) -> float:
        """Return the standard error of `variance` as a share of it, were pairs independent."""
        # Of normal means it is sqrt(3 / differences), and fourths x differences = 3 squares^2.
        return math.sqrt(self.fourths) / self.squares if self.squares else math.inf


class VarianceRatio:
    """The ratio of one stream, in bounded memory."""

    __slots__ = ("_count", "_in_block", "_lengths", "_mean", "_squares", "_sum")

    def __init__(self) -> None:
        # Of single observations: Welford, Technometrics 4, 1962.
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self._sum, self._in_block = 0.0, 0
        self._lengths = [_Means()]
        """Means of SHORTEST observations, of twice as many, and so on."""

    def add(self, value: float) -> None:
        """Take in the next observation's score: how much worse it is, on any scale."""
        self._count += 1
        away = value - self._mean
        self._mean += away / self._count
        self._squares += away * (value - self._mean)
        self._sum += value
        self._in_block += 1
        if self._in_block == SHORTEST:
            self._close(self._sum / SHORTEST)
            self._sum, self._in_block = 0.0, 0

    def _close(self, mean: float) -> None:
        for each in self._lengths:
            longer = each.add(mean)
            if longer is None:
                return
            mean = longer
        self._lengths.append(_Means())
        self._lengths[-1].add(mean)

    @property
    def ratio(self) -> float | None:
        """
        The ratio, 1 if nothing is seen to go together.

        None while there are not enough means to say so, or nothing varies.
        """
        if not self._squares or self._lengths[0].differences < MEANS:
            return None
        one = self._squares / self._count
        greatest = 1.0
        for doubled, each in enumerate(self._lengths):
            length = SHORTEST << doubled
            if each.differences < MEANS or length * length > _ROOTS * _ROOTS * self._count:
                break
            found = length * each.variance() / one
            if found > 1 + _ERRORS * each.error():
                greatest = max(greatest, found)
        return greatest


def of_parts(ratios: Iterable[float]) -> float:
    """
    Return the ratio of pairs that several workers counted, each the one of its part.

    A burst that is dealt out to two shows half of its excess to each, so what is above 1 adds up. A
    burst that stays with one is counted as longer than it is: the proof is weakened more.
    """
    return 1 + sum(ratio - 1 for ratio in ratios)


def exponent(ratio: float | None) -> float:
    """Return what every bet's wealth is raised to: 1/deff, where that is known and above 1."""
    return 1 / max(1.0, ratio or 1.0)
