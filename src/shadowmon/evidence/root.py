"""
Brent's root of a function in an interval, as R's `uniroot` finds it.

R. P. Brent, Algorithms for Minimization without Derivatives (1973), chapter 4. Another method finds
another point within the tolerance, and Kayenta's figures are given to more digits than that:
whoever wants them has to walk the same way.

It is here and not taken from `scipy.optimize` because that brings linear programming and spatial
trees with it: a sixth of what the control process took to start.
"""

from __future__ import annotations

import sys

from collections.abc import Callable


STEPS_MAX = 1000
_EPSILON = sys.float_info.epsilon


def root(
    function: Callable[[float], float], lower: float, upper: float, *, tolerance: float
) -> float:
    """
    Return where a function is zero.

    Args:
        function: Of different signs at both ends, or zero at one of them.
        lower: One end.
        upper: The other.
        tolerance: How far off it may be, beside what rounding leaves.

    Raises:
        ArithmeticError: If it was not found in `STEPS_MAX` steps.

    """
    a, b = lower, upper
    at_a, at_b = function(a), function(b)
    c, at_c = a, at_a
    for _ in range(STEPS_MAX):
        before = b - a
        if abs(at_c) < abs(at_b):  # b is to be the best one known
            a, b, c = b, c, b
            at_a, at_b, at_c = at_b, at_c, at_b
        near = 2 * _EPSILON * abs(b) + tolerance / 2
        middle = (c - b) / 2
        if abs(middle) <= near or at_b == 0:
            return b
        step = middle
        if abs(before) >= near and abs(at_a) > abs(at_b):
            step = _interpolated((a, at_a), (b, at_b), (c, at_c), (near, before))
        if abs(step) < near:
            step = near if step > 0 else -near
        a, at_a = b, at_b
        b += step
        at_b = function(b)
        if (at_b > 0) == (at_c > 0):
            c, at_c = a, at_a
    msg = f"no root within {STEPS_MAX} steps"
    raise ArithmeticError(msg)


_Point = tuple[float, float]


def _interpolated(last: _Point, best: _Point, other: _Point, limits: tuple[float, float]) -> float:
    """Return a step by a line or an inverse parabola; half the interval if that goes too far."""
    (a, at_a), (b, at_b), (c, at_c), (near, before) = last, best, other, limits
    width = c - b
    if a == c:
        ratio = at_b / at_a
        p, q = width * ratio, 1.0 - ratio
    else:
        q, t1, t2 = at_a / at_c, at_b / at_c, at_b / at_a
        p = t2 * (width * q * (q - t1) - (b - a) * (t1 - 1.0))
        q = (q - 1.0) * (t1 - 1.0) * (t2 - 1.0)
    if p > 0:
        q = -q
    else:
        p = -p
    fits = p < 0.75 * width * q - abs(near * q) / 2 and p < abs(before * q / 2)
    return p / q if fits else width / 2
