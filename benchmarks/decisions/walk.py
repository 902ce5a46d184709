"""
Many streams at once, each looked at after every pair.

The wealth of every bet is kept for every stream as a plain float and multiplied pair by pair; what
`Scales.weigh` would say of the same pairs is the sum over bets (tests/unit/benchmarks holds one
against the other). Wealth below 1e-200 is given up as lost, which can only delay a decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.laws import Draws, Floats, Law
from benchmarks.decisions.stakes import SETTINGS, Stake
from benchmarks.decisions.table import NEVER
from shadowmon.evidence.eprocess import log_sum_exp


_CHUNK = 500
"""Pairs that are drawn ahead, for every stream."""

_LOST = 1e-200
_SWEEP_EVERY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """So many pairs of one law."""

    law: Law
    pairs: int


class Walk:
    """The wealth of one stake in many streams."""

    def __init__(self, stake: Stake, streams: int) -> None:
        self._stake = stake
        self._ones = np.ones(len(stake.shares))
        self._wealth = np.tile(stake.begin, (streams, 1))
        self._pairs = 0
        self._factors: dict[int, Floats] = {}

    def step(self, law: Law, drawn: NDArray[np.integer]) -> Floats:
        """Take one pair of each stream; return every stream's e-value."""
        factors = self._factors.get(id(law))
        if factors is None:
            factors = self._factors[id(law)] = self._stake.factors(law)
        self._wealth *= factors.take(drawn, axis=0)
        self._pairs += 1
        if self._pairs % _SWEEP_EVERY == 0:
            self._wealth[self._wealth < _LOST] = 0.0  # denormal floats are slow
        if self._stake.starts_afresh and self._pairs % SETTINGS.restart_pairs == 0:
            self._wealth += self._stake.fresh(self._pairs // SETTINGS.restart_pairs)
        return self._wealth @ self._ones

    def end(self, streams: NDArray[np.bool_]) -> None:
        """Take all wealth from these streams: they have decided."""
        self._wealth[streams] = 0.0

    def keep(self, streams: NDArray[np.bool_]) -> None:
        """Go on with these streams only."""
        self._wealth = self._wealth[streams]


def highest(
    stake: Stake, law: Law, *, pairs: int, streams: int, generator: np.random.Generator
) -> Floats:
    """Return the highest e-value that each stream ever had."""
    walk, top = Walk(stake, streams), np.zeros(streams)
    for drawn in draws(law, pairs, streams, generator):
        np.maximum(top, walk.step(law, drawn), out=top)
    return top


def draws(law: Law, pairs: int, streams: int, generator: np.random.Generator) -> Iterator[Draws]:
    """Yield the numbers of one pair of each stream, so many times."""
    for begin in range(0, pairs, _CHUNK):
        yield from law.draw(generator, (min(_CHUNK, pairs - begin), streams))


def first_proven(
    stake: Stake,
    traffic: Sequence[Traffic],
    *,
    alpha: float,
    streams: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Return after how many pairs each stream proved the claim; NEVER if it did not."""
    walk, proven = Walk(stake, streams), np.full(streams, NEVER)
    going, look = np.arange(streams), 0
    for law, size in _chunks(traffic):
        for drawn in law.draw(generator, (size, len(going))):
            look += 1
            crossed = walk.step(law, drawn) >= 1 / alpha
            if crossed.any():
                # A chain gives an ended stream a fresh beginning; its first decision stands.
                proven[going[crossed]] = np.minimum(proven[going[crossed]], look)
                walk.end(crossed)
        undecided = proven[going] == NEVER
        walk.keep(undecided)
        going = going[undecided]
        if not going.size:
            break
    return proven


def _chunks(traffic: Sequence[Traffic]) -> Iterator[tuple[Law, int]]:
    for part in traffic:
        for begin in range(0, part.pairs, _CHUNK):
            yield part.law, min(_CHUNK, part.pairs - begin)


def first_proven_of(
    stake: Stake, law: Law, drawn: NDArray[np.integer], *, alpha: float
) -> NDArray[np.int64]:
    """Return after how many pairs each of these streams, (streams, pairs), proved the claim."""
    walk, proven = Walk(stake, len(drawn)), np.full(len(drawn), NEVER)
    for number, one in enumerate(drawn.T, start=1):
        crossed = walk.step(law, one) >= 1 / alpha
        if crossed.any():
            proven[crossed] = np.minimum(proven[crossed], number)
            walk.end(crossed)
    return proven


def first_proven_in_logarithms(
    stake: Stake,
    log_wealth: Floats,
    traffic: Traffic,
    *,
    alpha: float,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """
    Go on from a wealth that no float can hold, (streams, bets); slower, and without a chain.

    Returns:
        After how many pairs of this traffic each stream proved the claim; NEVER if it did not.

    """
    proven, going = np.full(len(log_wealth), NEVER), np.arange(len(log_wealth))
    factors, need = np.log(stake.factors(traffic.law)), np.log(1 / alpha)
    for begin in range(0, traffic.pairs, _CHUNK):
        size = min(_CHUNK, traffic.pairs - begin)
        path = factors[traffic.law.draw(generator, (len(going), size))].cumsum(axis=1)
        path += log_wealth[:, np.newaxis]
        crossed = log_sum_exp(path) >= need
        hit = crossed.any(axis=1)
        proven[going[hit]] = begin + crossed[hit].argmax(axis=1) + 1
        log_wealth, going = path[~hit, -1], going[~hit]
        if not going.size:
            break
    return proven
