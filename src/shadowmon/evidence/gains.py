"""
A claim becomes a bet: what one unit of it wins if the next pair falls into this place.

Every contrast is written as the mean of a score x that is linear in the two outcomes b and o of a
pair (yes is 1), so that "the figure is above its limit" is exactly "the mean of x is above m". No
ratio is ever estimated, and no standard error (statistics: "linear, so exact").

    mean            x = distance              m = limit
    relative_drop   x = (1 - limit) b - o     m = 0
    absolute_rise   x = o - b                 m = limit
    relative_rise   x = o - (1 + limit) b     m = 0
    any_rise        x = o - b                 m = 0      (a fair coin on the pairs that differ)

A bet that the figure is above wins x - m per unit, one that it is below wins m - x. As long as the
claim is false neither wins on average: that is all the guarantee rests on (eprocess.py).

A missing pair loses as much as any pair could lose: it might have been the worst one for the claim.
Only `any_rise` passes it over, for there a pair speaks only if the models differ.
"""

from __future__ import annotations

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.outcomes import KNOTS
from shadowmon.records import Claim, Contrast, Metric, MetricKind, Side, Worse


Floats = NDArray[np.float64]

_DISTANCES: Floats = np.arange(KNOTS) / (KNOTS - 1)
_BASELINE: Floats = np.array([0.0, 0.0, 1.0, 1.0])
_OPTIMIZED: Floats = np.array([0.0, 1.0, 0.0, 1.0])


def gains(contrast: Contrast, limit: float, side: Side) -> Floats:
    """
    Return what a bet of one unit wins at each place, the missing last.

    The least of them says how large a bet may be: less than `-1 / gains.min()`, or one pair could
    cost more than all there is.
    """
    score, mean = _score(contrast, limit)
    won = score - mean if side is Side.WORSE else mean - score
    missing = 0.0 if contrast is Contrast.ANY_RISE else won.min()
    return np.append(won, missing)


def _score(contrast: Contrast, limit: float) -> tuple[Floats, float]:
    match contrast:
        case Contrast.MEAN:
            return _DISTANCES, limit
        case Contrast.RELATIVE_DROP:
            return (1 - limit) * _BASELINE - _OPTIMIZED, 0.0
        case Contrast.ABSOLUTE_RISE:
            return _OPTIMIZED - _BASELINE, limit
        case Contrast.RELATIVE_RISE:
            return _OPTIMIZED - (1 + limit) * _BASELINE, 0.0
        case Contrast.ANY_RISE:
            return _OPTIMIZED - _BASELINE, 0.0


def kind_of(contrast: Contrast) -> MetricKind:
    """Return the kind of metric that a contrast is about."""
    return MetricKind.DIVERGENCE if contrast is Contrast.MEAN else MetricKind.VERDICTS


# --- Which claims make sense -----------------------------------------------


def check(claim: Claim, metric: Metric) -> None:
    """
    Refuse a claim that evidence about this metric cannot prove.

    Raises:
        ValueError: Says what was found and what is allowed.

    """
    where = f"claim on metric {claim.metric!r}, slice {claim.slice!r}"
    allowed = _contrasts(metric)
    if claim.contrast not in allowed:
        message = (
            f"{where}: contrast is {claim.contrast}, allowed for a {metric.kind} metric whose "
            f"{metric.worse} is worse: {', '.join(allowed)}"
        )
        raise ValueError(message)
    if not _is_in_range(claim.contrast, claim.limit):
        message = (
            f"{where}: limit is {claim.limit}, allowed for {claim.contrast} is "
            f"{_RANGES[claim.contrast]}"
        )
        raise ValueError(message)
    if claim.contrast is Contrast.ANY_RISE and claim.side is Side.BETTER:
        message = (
            f"{where}: any_rise can only be proven on the side {Side.WORSE}; that there is no rise "
            f"at all cannot be proven, use absolute_rise with a margin"
        )
        raise ValueError(message)


def _contrasts(metric: Metric) -> tuple[Contrast, ...]:
    if metric.kind is MetricKind.DIVERGENCE:
        return (Contrast.MEAN,)
    if metric.worse is Worse.LOWER:
        return (Contrast.RELATIVE_DROP,)
    return (Contrast.ABSOLUTE_RISE, Contrast.RELATIVE_RISE, Contrast.ANY_RISE)


_RANGES = {
    Contrast.MEAN: "above 0 and below 1",
    Contrast.RELATIVE_DROP: "0 or more and below 1",
    Contrast.ABSOLUTE_RISE: "0 or more and below 1",
    Contrast.RELATIVE_RISE: "0 or more",
    Contrast.ANY_RISE: "0",
}


def _is_in_range(contrast: Contrast, limit: float) -> bool:
    match contrast:
        case Contrast.MEAN:
            return 0 < limit < 1
        case Contrast.RELATIVE_DROP | Contrast.ABSOLUTE_RISE:
            return 0 <= limit < 1
        case Contrast.RELATIVE_RISE:
            return 0 <= limit < np.inf
        case Contrast.ANY_RISE:
            return limit == 0
