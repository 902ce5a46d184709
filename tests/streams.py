"""
Many streams of pairs at once, each looked at after every pair.

Rule: nothing of the statistics is written a second time here. Bets, stakes and shares of the
restart chain are the product's own; only the walk is vectorised, and in plain floats.
`tests/statistical/test_streams.py` holds the walk against `Scales.weigh`.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import outcomes, restart
from shadowmon.evidence.eprocess import EProcess, bet_on
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    MetricKind,
    MetricName,
    Observation,
    Side,
)


SETTINGS = EvidenceSettings()
METRIC = MetricName("metric")
NEVER = 10**9

_FLUSH_EVERY = 32


@dataclass(frozen=True, kw_only=True)
class Law:
    """What the next pair may be, and how probable each is."""

    pairs: tuple[Observation, ...]
    chances: tuple[float, ...]
    kind: MetricKind

    def deposits(self) -> NDArray[np.float64]:
        """Return the account that each possible pair alone would make."""
        accounts = np.zeros((len(self.pairs), outcomes.places(self.kind)))
        for account, pair in zip(accounts, self.pairs, strict=True):
            for place, amount in outcomes.deposit(pair, self.kind):
                account[place] += amount
        return accounts

    def draw(self, generator: np.random.Generator, size: tuple[int, int]) -> NDArray[np.intp]:
        """Return the numbers of the pairs drawn."""
        edges = np.cumsum(self.chances)[:-1]
        return np.searchsorted(edges, generator.random(size), side="right")


def verdicts(*, optimized_only: float, baseline_only: float, both_yes: float = 0.0) -> Law:
    """Return a 2x2 law."""
    pairs = [
        Observation(metric=METRIC, baseline=baseline, optimized=optimized)
        for baseline in (False, True)
        for optimized in (False, True)
    ]
    both_no = 1 - optimized_only - baseline_only - both_yes
    return Law(
        pairs=tuple(pairs),
        chances=(both_no, optimized_only, baseline_only, both_yes),
        kind=MetricKind.VERDICTS,
    )


def distances(mean: float) -> Law:
    """Return a law of distances: nine in ten are 0, the others spread over (0, 1) evenly."""
    steps = 200
    spread = (np.arange(steps) + 0.5) / steps
    apart = 2 * mean
    pairs = [Observation(metric=METRIC, distance=float(value)) for value in (0.0, *spread)]
    chances = (1 - apart, *([apart / steps] * steps))
    return Law(pairs=tuple(pairs), chances=chances, kind=MetricKind.DIVERGENCE)


def a_claim(contrast: Contrast, limit: float, side: Side) -> Claim:
    """Return a claim about all traffic."""
    return Claim(metric=METRIC, slice=EVERYTHING, contrast=contrast, limit=limit, side=side)


def log_e_paths(
    claim: Claim,
    segments: Sequence[tuple[int, Law]],
    *,
    streams: int,
    chained: bool,
    seed: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield the e-value of every stream after each pair; segments follow one another in time."""
    process = bet_on(claim, assumed_noise=SETTINGS.assumed_noise)
    generator = np.random.default_rng(seed)
    shares = process.bets.shares
    chain = np.exp(restart.log_share(0)) * shares if chained else shares
    wealth = np.tile(0.5 * shares + 0.5 * chain, (streams, 1))
    ones = np.ones(len(shares))
    steps = _steps(process, segments, streams, generator)
    for look, (factors, drawn) in enumerate(steps, start=1):
        wealth *= factors.take(drawn, axis=0)
        if look % _FLUSH_EVERY == 0:
            wealth[wealth < 1e-200] = 0.0  # denormal floats are slow, and far below any need
        if chained and look % SETTINGS.restart_pairs == 0:
            wealth += 0.5 * math.exp(restart.log_share(look // SETTINGS.restart_pairs)) * shares
        yield wealth @ ones


def _steps(
    process: EProcess,
    segments: Sequence[tuple[int, Law]],
    streams: int,
    generator: np.random.Generator,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.intp]]]:
    for looks, law in segments:
        factors = np.exp(process.log_wealth(law.deposits()))
        for begin in range(0, looks, 500):
            for drawn in law.draw(generator, (min(500, looks - begin), streams)):
                yield factors, drawn


def first_proven(
    claim: Claim,
    segments: Sequence[tuple[int, Law]],
    *,
    alpha: float,
    streams: int,
    chained: bool = False,
    seed: int,
) -> NDArray[np.int64]:
    """Return after how many pairs each stream proved the claim; NEVER if it did not."""
    proven = np.full(streams, NEVER)
    paths = log_e_paths(claim, segments, streams=streams, chained=chained, seed=seed)
    for look, e_values in enumerate(paths, start=1):
        if e_values.max() >= 1 / alpha:
            crossed = e_values >= 1 / alpha
            np.minimum(proven, look, out=proven, where=crossed)
    return proven


def at_most(alpha: float, streams: int) -> float:
    """Return the largest share that is no wonder, by three standard errors, if alpha is true."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / streams)
