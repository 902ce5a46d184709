"""
What the optimized model costs, as a share of the baseline's cost, with an interval. Pure.

A cost has no bound that is known beforehand, so that no bet can be made on it (evidence/). What is
left is an interval that holds at every moment of looking as the number of pairs grows: the
asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Time-uniform
central limit theory and asymptotic confidence sequences, Annals of Statistics 52(6), 2024,
theorem 2.2). For the mean of n values with variance s^2 its half-width is s sqrt(f), where

    f = 2 (n rho^2 + 1) / (n^2 rho^2) x log(sqrt(n rho^2 + 1) / alpha).

A ratio r of means is no mean. But if r is the true one, then `optimized - r baseline` has the mean
0, and r stays in as long as 0 is within half a width of what was measured (Fieller, Some problems
in interval estimation, JRSS B 16, 1954). Those r lie between the roots of a parabola.

Rule 1: for people to look at; nothing is decided by it.
Rule 2: it is asymptotic. Before `PAIRS_MIN` pairs there is a ratio, and no interval.
Rule 3: pairs count as independent. Where few users send most of the requests it is too narrow.
"""

from __future__ import annotations

import math

from dataclasses import dataclass


ALPHA = 0.05
"""Chance, for all moments together, that the interval ever leaves out the true ratio."""
PAIRS_MIN = 100
_TIGHTEST = 1_000
"""Pairs at which the interval is as narrow as it can be made; at others it is nearly so."""
_RHO_SQUARED = (-2 * math.log(ALPHA) + math.log(-2 * math.log(ALPHA) + 1)) / _TIGHTEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Sums over pairs of which both costs are known."""

    pairs: float
    baseline: float
    optimized: float
    baseline_squares: float
    optimized_squares: float
    products: float
    """Of both costs of a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Optimized over baseline: 0.25 costs a quarter."""

    estimate: float
    lower: float | None
    """0 or more; None while it is not known."""
    upper: float | None
    """None while it is not known, or has no bound."""


def cost_ratio(costs: Costs) -> Ratio | None:
    """Return the ratio of both models' costs; None if the baseline costs nothing."""
    if not costs.pairs or not costs.baseline:
        return None
    estimate = costs.optimized / costs.baseline
    lower, upper = _interval(costs) if costs.pairs >= PAIRS_MIN else (None, None)
    return Ratio(estimate=estimate, lower=lower, upper=upper)


def _interval(costs: Costs) -> tuple[float | None, float | None]:
    """Return the roots of a r^2 - 2 b r + c; where it opens downwards there is no upper bound."""
    n = costs.pairs
    x, y, f = costs.baseline / n, costs.optimized / n, _squared_width(n)
    a = x * x - f * max(0.0, costs.baseline_squares / n - x * x)
    b = x * y - f * (costs.products / n - x * y)
    c = y * y - f * max(0.0, costs.optimized_squares / n - y * y)
    if a <= 0:
        return None, None
    root = math.sqrt(max(0.0, b * b - a * c))
    return max(0.0, (b - root) / a), (b + root) / a


def _squared_width(n: float) -> float:
    """Return the square of half a width, of values whose variance is 1."""
    mixed = n * _RHO_SQUARED + 1
    return 2 * mixed / (n * n * _RHO_SQUARED) * math.log(math.sqrt(mixed) / ALPHA)
