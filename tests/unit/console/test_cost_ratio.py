"""The ratio of two models' costs, and how far it can be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.console.cost_ratio import ALPHA, PAIRS_MIN, Costs, cost_ratio


RUNS = 400
PAIRS = 2_000
LOOKS = range(PAIRS_MIN, PAIRS + 1, 25)


def sums(baseline, optimized):
    """Return the sums of pairs up to each of them."""
    told = (
        np.ones(len(baseline)),
        baseline,
        optimized,
        baseline**2,
        optimized**2,
        baseline * optimized,
    )
    return np.cumsum(np.stack(told, axis=1), axis=0)


def costs(row):
    """Return sums in the form that they are read in."""
    names = (
        "pairs",
        "baseline",
        "optimized",
        "baseline_squares",
        "optimized_squares",
        "products",
    )
    return Costs(**dict(zip(names, map(float, row), strict=True)))


def ratio(baseline, optimized):
    """Return the ratio of these costs."""
    return cost_ratio(costs(sums(np.array(baseline), np.array(optimized))[-1]))


def interval(found):
    """Return both ends; None while they are not known."""
    return None if found.lower is None else (found.lower, found.upper)


def test_few_pairs_have_no_interval():
    """A ratio of a few pairs is told without an interval: there is none that would hold."""
    found = ratio([2.0, 4.0] * 49, [1.0, 2.0] * 49)

    assert (found.estimate, found.lower, found.upper) == (0.5, None, None)


def test_constant_costs_are_known():
    """Where a request costs the same each time nothing is uncertain."""
    found = ratio([2.0] * PAIRS_MIN, [0.5] * PAIRS_MIN)

    assert (found.lower, found.upper) == (pytest.approx(0.25), pytest.approx(0.25))


def test_a_baseline_that_is_nearly_free_has_no_bound():
    """One dear request among many free ones says nothing of the mean: no interval."""
    found = ratio([0.0] * 199 + [1.0], [0.5] * 200)

    assert (found.lower, found.upper) == (None, None)


def test_a_lower_end_is_never_negative():
    """A share of costs is 0 at least."""
    found = ratio([1.0, 2.0] * 100, [0.0] * 199 + [0.1])

    assert found.lower == 0.0


def test_the_interval_holds_whenever_it_is_looked_at():
    """Skewed costs, looked at again and again: the truth is left out at most at alpha."""
    dice = np.random.default_rng(6)
    missed = 0
    for _ in range(RUNS):
        length = dice.lognormal(0.0, 1.0, PAIRS)  # of a question, which both models answer
        rows = sums(
            length * dice.lognormal(0.0, 0.3, PAIRS), 0.4 * length * dice.lognormal(0.0, 0.3, PAIRS)
        )
        ends = [interval(cost_ratio(costs(rows[look - 1]))) for look in LOOKS]
        assert ends[-1] is not None
        missed += any(not lower <= 0.4 <= upper for lower, upper in filter(None, ends))

    assert missed / RUNS <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / RUNS) ** 0.5


def test_pairs_make_it_narrower():
    """What both models take for the same request goes together, and the interval knows it."""
    dice = np.random.default_rng(7)
    length = dice.lognormal(0.0, 1.0, 1_000)
    together = ratio(length, 0.4 * length * dice.lognormal(0.0, 0.1, 1_000))
    apart = ratio(length, 0.4 * dice.permutation(length))

    assert together.upper - together.lower < 0.25 * (apart.upper - apart.lower)
