"""
An interval for a figure that may be read at any time: a confidence sequence.

For people to look at; no rule decides by it. It holds every figure that neither "the truth is above
this" nor "the truth is below this" has been proven of, each at half of alpha, by the same kind of
bets on the same account that the claims use (Waudby-Smith and Ramdas, Estimating means of bounded
random variables by betting, JRSS B 86, 2024). The chance that it ever leaves out the true figure is
at most alpha. Missing pairs count as the worst on either side, so they only widen it.

The bets are fixed fractions of the largest one that is legal for a candidate figure: then the
evidence is monotone in the candidate, and each end is found by bisection (sped up by Brent's rule).
"""

from __future__ import annotations

import math

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from scipy.optimize import brentq

from shadowmon.evidence import outcomes
from shadowmon.evidence.bets import LARGEST
from shadowmon.evidence.eprocess import log_sum_exp
from shadowmon.evidence.gains import Floats, gains, kind_of
from shadowmon.records import Contrast, Counts, Side


Interval: TypeAlias = tuple[float | None, float | None]

_FRACTIONS: Floats = LARGEST * 1.7 ** -np.arange(16.0)
_PRECISION = 1e-7
_FARTHEST = 1e6
"""Beyond this a relative figure is called unbounded: the baseline's rate may well be 0."""

_RANGES = {
    Contrast.MEAN: (0.0, 1.0),
    Contrast.ABSOLUTE_RISE: (-1.0, 1.0),
    Contrast.RELATIVE_DROP: (-_FARTHEST, 1.0),
    Contrast.RELATIVE_RISE: (-1.0, _FARTHEST),
}


def interval(contrast: Contrast, counts: Counts, *, alpha: float) -> Interval:
    """
    Return the interval of a contrast's figure.

    Args:
        contrast: Which figure.
        counts: The account.
        alpha: Chance, for all time together, that the interval ever leaves out the truth.

    Returns:
        Lower and upper end; None where a relative figure has no bound yet. Both are None for
        `any_rise`, which has no limit to vary, and while the figure itself is not defined.

    """
    if contrast is Contrast.ANY_RISE:
        return None, None
    figure = outcomes.estimate(kind_of(contrast), contrast, counts)
    if figure is None:
        return None, None
    account = np.array(counts, dtype=np.float64)
    account[:-1] /= outcomes.units(kind_of(contrast))
    hit = account > 0
    step = _first_step(contrast, counts, alpha)
    ends = []
    for side in (Side.WORSE, Side.BETTER):
        proven = _how_far_proven(contrast, side, account[hit], hit, alpha)
        ends.append(_end(proven, figure, _RANGES[contrast], step, side))
    return ends[0], ends[1]


def _how_far_proven(
    contrast: Contrast, side: Side, account: Floats, hit: np.typing.NDArray[np.bool_], alpha: float
) -> Callable[[float], float]:
    """Return a function of a candidate: 0 or more if the figure is proven beyond it on `side`."""
    need = math.log(2 / alpha) + math.log(len(_FRACTIONS))

    def proven(candidate: float) -> float:
        won = gains(contrast, candidate, side)
        bets = np.outer(won[hit] / -won.min(), _FRACTIONS)
        return float(log_sum_exp(account @ np.log1p(bets))) - need

    return proven


def _first_step(contrast: Contrast, counts: Counts, alpha: float) -> float:
    """Return how near to the estimate an end can be at best: log(2 / alpha) / n of its base."""
    base = outcomes.pairs(kind_of(contrast), counts)
    if contrast in {Contrast.RELATIVE_DROP, Contrast.RELATIVE_RISE}:
        base = counts[outcomes.BASELINE_ONLY] + counts[outcomes.BOTH_YES]
    return math.log(2 / alpha) / base


def _end(
    proven: Callable[[float], float],
    figure: float,
    allowed: tuple[float, float],
    step: float,
    side: Side,
) -> float | None:
    """Walk away from the estimate in growing steps until the candidate is refuted, then go back."""
    edge = allowed[0] if side is Side.WORSE else allowed[1]
    if figure == edge:
        return edge
    brink = edge + (figure - edge) * 1e-9  # at the edge itself a legal bet has no limit
    near = figure
    while True:
        far = max(brink, near - step) if side is Side.WORSE else min(brink, near + step)
        if proven(far) >= 0:
            return float(brentq(proven, far, near, xtol=_PRECISION))
        if far == brink:
            return edge if abs(edge) < _FARTHEST else None
        near, step = far, 4 * step
