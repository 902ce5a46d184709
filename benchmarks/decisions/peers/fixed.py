"""
Tests for one look at a fixed number of pairs, looked at after every pair.

What a dashboard with a significance light does. Each function says when it would first have said
that the mean loss is beyond a limit, of streams of losses, (streams, pairs).
"""

from __future__ import annotations

import math

from collections.abc import Callable

import numpy as np

from scipy.stats import norm, t

from benchmarks.decisions.laws import Floats
from benchmarks.decisions.peers.decided import Flags, Times, first
from shadowmon.records import Side


_STREAMS_AT_ONCE = 25


def t_test(losses: Floats, limit: float, side: Side, *, alpha: float, from_pair: int) -> Times:
    """Student's one-sided t-test, at every pair from `from_pair` on."""
    pairs = _pairs(losses)
    quantiles = t.ppf(1 - alpha, np.maximum(pairs - 1, 1))

    def says(part: Floats) -> Flags:
        means, deviations = _running(part, pairs)
        said: Flags = _beyond(means, limit, side) > quantiles * deviations / np.sqrt(pairs)
        return said

    return _first(says, losses, from_pair)


def wilson(losses: Floats, limit: float, side: Side, *, alpha: float, from_pair: int) -> Times:
    """Wilson's interval for a share of 0 and 1 (JASA 22, 1927), one-sided."""
    pairs = _pairs(losses)
    width = float(norm.ppf(1 - alpha)) * np.sqrt(limit * (1 - limit) / pairs)

    def says(part: Floats) -> Flags:
        means, _ = _running(part, pairs)
        said: Flags = _beyond(means, limit, side) > width
        return said

    return _first(says, losses, from_pair)


def asymptotic(
    losses: Floats,
    limit: float,
    side: Side,
    *,
    alpha: float,
    from_pair: int,
    tuned_for: int = 1_000,
) -> Times:
    """
    The asymptotic confidence sequence from count, sum and sum of squares, one-sided.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and
    asymptotic confidence sequences, Annals of Statistics 52, 2024. Tightest near `tuned_for` pairs.
    """
    pairs = _pairs(losses)
    rho = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_for
    grown = pairs * rho + 1
    width = np.sqrt(2 * grown / (pairs**2 * rho) * np.log(1 + np.sqrt(grown) / (2 * alpha)))

    def says(part: Floats) -> Flags:
        means, deviations = _running(part, pairs)
        return _beyond(means, limit, side) > deviations * width

    return _first(says, losses, from_pair)


def _pairs(losses: Floats) -> Floats:
    return np.arange(1, losses.shape[1] + 1, dtype=float)


def _running(losses: Floats, pairs: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of all pairs so far."""
    means = losses.cumsum(axis=1) / pairs
    squares = np.square(losses).cumsum(axis=1) / pairs
    return means, np.sqrt(np.maximum(squares - means**2, 0))


def _beyond(means: Floats, limit: float, side: Side) -> Floats:
    return means - limit if side is Side.WORSE else limit - means


def _first(says: Callable[[Floats], Flags], losses: Floats, from_pair: int) -> Times:
    """Return when each stream is first said to be beyond; some streams at a time, for memory."""
    found = []
    for part in np.array_split(losses, math.ceil(len(losses) / _STREAMS_AT_ONCE)):
        said = says(part)
        said[:, : from_pair - 1] = False
        found.append(first(said))
    return np.concatenate(found)
