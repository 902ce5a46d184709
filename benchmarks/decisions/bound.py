"""
The fewest requests that any such test can need on average.

A test that errs with a chance of at most alpha however often it is looked at, and that ends with
certainty if the claim is true, needs at least

    log(1/alpha) / KLinf,    KLinf = max over legal bets of E log(1 + bet (x - m))

pairs on average: the growth of the best bet that could have been chosen had the law been known (the
dual form of the least Kullback-Leibler divergence to a law on the boundary; Honda and Takemura,
COLT 2010). Of answers that agree or not it is Bernoulli's divergence.
"""

from __future__ import annotations

import math

import numpy as np

from scipy.optimize import minimize_scalar

from benchmarks.decisions.laws import Law
from shadowmon.records import Side


_INSIDE = 1 - 1e-12


def fewest(law: Law, limit: float, side: Side, *, span: tuple[float, float], alpha: float) -> float:
    """
    Return the bound.

    Args:
        law: The truth.
        limit: What the claim is about.
        side: Which side of it.
        span: Range that a loss is known to have; the law need not fill it.
        alpha: Error rate.

    """
    return math.log(1 / alpha) / growth(law, limit, side, span=span)


def growth(law: Law, limit: float, side: Side, *, span: tuple[float, float]) -> float:
    """Return KLinf in nats per pair."""
    worse = side is Side.WORSE
    won = law.losses - limit if worse else limit - law.losses
    largest = 1 / (limit - span[0] if worse else span[1] - limit)

    def shrinks(bet: float) -> float:
        return -float(law.chances @ np.log(np.maximum(1 + bet * won, 1e-300)))

    found = minimize_scalar(
        shrinks, bounds=(0, largest), method="bounded", options={"xatol": 1e-9 * largest}
    )
    return max(-float(found.fun), -shrinks(_INSIDE * largest))
