"""
A score becomes integers: one observation is split between the two knots beside it.

The range of a score is divided by 129 knots. An observation is rounded to a 32768th of the range
and adds 256 units, split linearly between its neighbouring knots. The logarithm is concave, so what
a bet wins on the two parts is never more than what it wins on the score itself: by weighted
arithmetic and geometric means

    (1 + bet k)^(1 - f) (1 + bet k')^f <= 1 + bet ((1 - f) k + f k').

The split costs a little evidence, at most (bet x spacing)^2 / 8 per observation, and never validity
(statistics, section 2). The mean of the scores stands as they were rounded, within a 65536th of the
range.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray


KNOTS = 129
"""Places of a histogram: its range in steps of a 128th."""

_BITS = 8
UNIT = 1 << _BITS
"""What one observation adds in all: 256."""

RESOLUTION = (KNOTS - 1) * UNIT
"""Steps of the range that can be told apart."""

Integers: TypeAlias = NDArray[np.int64]

Span: TypeAlias = tuple[float, float]
"""Lower and upper end of a score's range."""

Deposit: TypeAlias = tuple[tuple[int, int], ...]
"""Place and amount, of each place that grows."""

UNIT_SPAN: Span = (0.0, 1.0)


def split(score: float, span: Span) -> Deposit:
    """Say what a score adds to its histogram. It must lie within the span."""
    lower, upper = span
    step = round((score - lower) / (upper - lower) * RESOLUTION)
    knot, beyond = step >> _BITS, step & (UNIT - 1)
    if not beyond:
        return ((knot, UNIT),)
    return ((knot, UNIT - beyond), (knot + 1, beyond))


def split_all(
    scores: NDArray[np.float64],
    span: tuple[float | NDArray[np.float64], float | NDArray[np.float64]],
    *,
    spare: int = 0,
) -> tuple[Integers, Integers]:
    """
    Do as `split` for many scores.

    Args:
        scores: (histograms, observations).
        span: Of all histograms, or of each of them (histograms, 1).
        spare: Rows to be left at the end, for the caller to fill in.

    Returns:
        Knots and amounts, (2 x histograms + spare, observations): the lower knots first. An amount
        is 0 where a score falls on its lower knot.

    """
    lower, upper = span
    steps = scores - lower
    steps /= upper - lower
    steps *= RESOLUTION
    whole = np.rint(steps, out=steps).astype(np.int64)
    histograms, observations = scores.shape
    grown = np.empty((2 * histograms + spare, observations), dtype=np.int64)
    amounts = np.empty_like(grown)
    lower_knots, upper_knots = slice(histograms), slice(histograms, 2 * histograms)
    np.right_shift(whole, _BITS, out=grown[lower_knots])
    np.add(grown[lower_knots], 1, out=grown[upper_knots])
    np.bitwise_and(whole, UNIT - 1, out=amounts[upper_knots])
    np.subtract(UNIT, amounts[upper_knots], out=amounts[lower_knots])
    return grown, amounts


def positions(span: Span) -> NDArray[np.float64]:
    """Return the score at each knot."""
    lower, upper = span
    return lower + (upper - lower) * (np.arange(KNOTS) / (KNOTS - 1))


def mean(histogram: Sequence[float], span: Span) -> float:
    """Return the mean score of a histogram that is not empty."""
    lower, upper = span
    total: float = sum(map(mul, range(KNOTS), histogram))
    share = total / ((KNOTS - 1) * sum(histogram))
    return lower + (upper - lower) * share
