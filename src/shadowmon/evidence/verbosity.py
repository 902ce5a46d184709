"""
Does whoever compares two answers prefer the longer one?

A logistic regression of "the optimized model's answer won" on log2(its length / the other's):

    log odds of winning = level + slope x doublings

A slope of 0 is no preference; at ln 2 = .69 the odds of an answer twice as long are doubled. People
prefer longer answers too, so a judge's slope is read beside theirs. Ties are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shadowmon.evidence.gains import Floats


_STEPS_MAX = 50
_CLOSE = 1e-9
_FAR = 50.0
"""A slope beyond it is on its way to infinity: the lengths part the wins from the losses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """How the log odds of winning rise with each doubling of an answer's length."""

    level: float
    """Log odds of winning at equal length."""
    slope: float
    standard_error: float
    count: int
    """Comparisons that one of the two won."""


def slope_of(wins: Sequence[bool], doublings: Sequence[float]) -> Slope | None:
    """
    Fit by Newton's method (iteratively reweighted least squares).

    Args:
        wins: Did the answer win?
        doublings: log2 of its length over the other's.

    Returns:
        None if there is no such slope: nothing or everything won, all lengths alike, or the lengths
        part the wins from the losses without exception.

    """
    from scipy.special import expit  # noqa: PLC0415 - a start would wait 0.2 s for it

    if len(set(wins)) < 2:  # noqa: PLR2004 - both won and lost
        return None
    y = np.asarray(wins, np.float64)
    rows = np.column_stack((np.ones(len(y)), np.asarray(doublings, np.float64)))
    beta: Floats = np.zeros(2)
    for _ in range(_STEPS_MAX):
        chance = expit(rows @ beta)
        information = rows.T @ (rows * (chance * (1 - chance))[:, None])
        if not _is_sound(information):
            return None
        step = np.linalg.solve(information, rows.T @ (y - chance))
        beta = beta + step
        if np.abs(beta).max() > _FAR:
            return None
        if np.abs(step).max() < _CLOSE:
            return Slope(
                level=float(beta[0]),
                slope=float(beta[1]),
                standard_error=float(np.linalg.inv(information)[1, 1]) ** 0.5,
                count=len(y),
            )
    return None


def _is_sound(information: Floats) -> bool:
    """Can it be inverted?"""
    return bool(np.isfinite(information).all()) and bool(np.linalg.cond(information) < 1 / _CLOSE)
