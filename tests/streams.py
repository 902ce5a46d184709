"""
Many streams of pairs at once, each looked at after every pair.

Rule: nothing of the statistics is written a second time here. Bets, stakes and shares of the
restart chain are the product's own; only the walk is vectorised, and in plain floats.
`tests/statistical/test_streams.py` holds the walk against `Scales.weigh`.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import outcomes, restart, sampling
from shadowmon.evidence.eprocess import EProcess, bet_on
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Side,
)


SETTINGS = EvidenceSettings()
METRIC = MetricName("metric")
NEVER = 10**9

_FLUSH_EVERY = 32


def a_metric(kind: MetricKind, **changes: Any) -> Metric:
    """Return a metric of this kind; any field may be named."""
    return replace(Metric(name=METRIC, kind=kind, sentence="measured"), **changes)


class Traffic(Protocol):
    """Whatever streams can be drawn from."""

    @property
    def metric(self) -> Metric | None: ...
    @property
    def rates(self) -> tuple[int, ...]: ...
    @property
    def power(self) -> float:
        """What every bet's wealth is raised to."""
        ...

    def rows(self, claim: Claim, /) -> NDArray[np.float64]:
        """Return what a claim bets on if each possible pair is seen once."""
        ...

    def draw(self, generator: Any, size: tuple[int, int], /) -> NDArray[np.intp]:
        """Return the numbers of the pairs drawn."""
        ...


@dataclass(frozen=True, kw_only=True)
class Law:
    """What the next pair may be, and how probable each is."""

    pairs: tuple[Observation | None, ...]
    """None stands for an exchange that was not sampled."""
    chances: tuple[float, ...]
    metric: Metric
    rates: tuple[int, ...] = ALL_SAMPLED
    """All sampling rates."""
    power: float = 1.0
    rate_of: tuple[int, ...] = ()
    """The rate that each pair is sampled at; empty if there is but one."""

    def deposits(self) -> NDArray[np.float64]:
        """Return the account that each possible pair alone would make, whatever its rate."""
        accounts = np.zeros((len(self.pairs), outcomes.places(self.metric)))
        for account, pair in zip(accounts, self.pairs, strict=True):
            for place, amount in outcomes.deposit(pair, self.metric) if pair else ():
                account[place] += amount
        return accounts

    def rows(self, claim: Claim) -> NDArray[np.float64]:
        """Return what a claim bets on in these accounts, rate after rate."""
        rates = sampling.in_order(self.rates)
        rows = []
        for number, account in enumerate(self.deposits().tolist()):
            part = outcomes.part(self.metric, claim.contrast, claim.limit, account)
            rate = self.rate_of[number] if self.rate_of else rates[0]
            rows.append(sampling.one_after_the_other({rate: part}, rates, places=len(part)))
        return np.array(rows)

    def draw(self, generator: np.random.Generator, size: tuple[int, int]) -> NDArray[np.intp]:
        """Return the numbers of the pairs drawn."""
        edges = np.cumsum(self.chances)[:-1]
        return np.searchsorted(edges, generator.random(size), side="right")


def sampled(*cohorts: tuple[float, int, Law]) -> Law:
    """Return the law of cohorts, (share of traffic, rate in basis points, law) each."""
    pairs: list[Observation | None] = [None]
    chances, rate_of = [0.0], [cohorts[0][1]]
    for share, rate, law in cohorts:
        seen = share * rate / sampling.EVERY_ONE
        chances[0] += share - seen
        pairs += law.pairs
        chances += [seen * chance for chance in law.chances]
        rate_of += [rate] * len(law.pairs)
    return Law(
        pairs=tuple(pairs),
        chances=tuple(chances),
        metric=cohorts[0][2].metric,
        rates=tuple(rate for _, rate, _ in cohorts),
        rate_of=tuple(rate_of),
    )


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
        metric=a_metric(MetricKind.VERDICTS),
    )


def distances(mean: float) -> Law:
    """Return a law of distances: nine in ten are 0, the others spread over (0, 1) evenly."""
    steps = 200
    spread = (np.arange(steps) + 0.5) / steps
    apart = 2 * mean
    pairs = [Observation(metric=METRIC, distance=float(value)) for value in (0.0, *spread)]
    chances = (1 - apart, *([apart / steps] * steps))
    return Law(pairs=tuple(pairs), chances=chances, metric=a_metric(MetricKind.DIVERGENCE))


def scores(pairs: Sequence[tuple[float, float]], chances: Sequence[float], metric: Metric) -> Law:
    """Return a law of figures of both models."""
    return Law(
        pairs=tuple(
            Observation(metric=METRIC, baseline=baseline, optimized=optimized)
            for baseline, optimized in pairs
        ),
        chances=tuple(chances),
        metric=metric,
    )


def a_claim(contrast: Contrast, limit: float, side: Side) -> Claim:
    """Return a claim about all traffic."""
    return Claim(metric=METRIC, slice=EVERYTHING, contrast=contrast, limit=limit, side=side)


def log_e_paths(
    claim: Claim,
    segments: Sequence[tuple[int, Traffic]],
    *,
    streams: int,
    chained: bool,
    seed: int,
) -> Iterator[NDArray[np.float64]]:
    """Yield the e-value of every stream after each pair; segments follow one another in time."""
    law = segments[0][1]
    process = bet_on(
        claim, assumed_noise=SETTINGS.assumed_noise, metric=law.metric, rates=law.rates
    )
    generator = np.random.default_rng(seed)
    shares = process.bets.shares
    chain = np.exp(restart.log_share(0)) * shares if chained else shares
    wealth = np.tile(0.5 * shares + 0.5 * chain, (streams, 1))
    ones = np.ones(len(shares))
    steps = _steps(process, claim, segments, streams, generator)
    for look, (factors, drawn) in enumerate(steps, start=1):
        wealth *= factors.take(drawn, axis=0)
        if look % _FLUSH_EVERY == 0:
            wealth[wealth < 1e-200] = 0.0  # denormal floats are slow, and far below any need
        if chained and look % SETTINGS.restart_pairs == 0:
            wealth += 0.5 * math.exp(restart.log_share(look // SETTINGS.restart_pairs)) * shares
        yield wealth @ ones


def _steps(
    process: EProcess,
    claim: Claim,
    segments: Sequence[tuple[int, Traffic]],
    streams: int,
    generator: np.random.Generator,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.intp]]]:
    for looks, law in segments:
        factors = np.exp(process.log_wealth(law.rows(claim)) * law.power)
        for begin in range(0, looks, 500):
            for drawn in law.draw(generator, (min(500, looks - begin), streams)):
                yield factors, drawn


def first_proven(
    claim: Claim,
    segments: Sequence[tuple[int, Traffic]],
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
