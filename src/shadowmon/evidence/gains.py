"""
A claim becomes a bet: what one unit of it wins if the next pair falls into this place.

Every contrast is written as the mean of a score x that is linear in the two outcomes b and o of a
pair (of verdicts, yes is 1), so that "the figure is above its limit" is exactly "the mean of x is
above m". No ratio is ever estimated, and no standard error (statistics: "linear, so exact").

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

from collections.abc import Iterator

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import knots, outcomes
from shadowmon.evidence.knots import Span
from shadowmon.records import Claim, Contrast, Metric, MetricKind, Side, Worse


Floats = NDArray[np.float64]

_BASELINE: Floats = np.array([0.0, 0.0, 1.0, 1.0])
_OPTIMIZED: Floats = np.array([0.0, 1.0, 0.0, 1.0])


def gains(contrast: Contrast, limit: float, side: Side, span: Span | None = None) -> Floats:
    """
    Return what a bet of one unit wins at each place, the missing last.

    The least of them says how large a bet may be: less than `-1 / gains.min()`, or one pair could
    cost more than all there is.

    Args:
        contrast: Which figure.
        limit: What it is claimed to be beyond.
        side: On which side of the limit.
        span: Range of the score that is counted in a histogram (outcomes.span). Without one it is
            the four places of verdicts, or a divergence in [0, 1].

    """
    mean = limit if contrast in {Contrast.MEAN, Contrast.ABSOLUTE_RISE} else 0.0
    score = _score(contrast, limit) if span is None else knots.positions(span)
    won = score - mean if side is Side.WORSE else mean - score
    missing = 0.0 if contrast is Contrast.ANY_RISE else won.min()
    return np.append(won, missing)


def _score(contrast: Contrast, limit: float) -> Floats:
    match contrast:
        case Contrast.MEAN:
            return knots.positions(knots.UNIT_SPAN)
        case Contrast.RELATIVE_DROP:
            return (1 - limit) * _BASELINE - _OPTIMIZED
        case Contrast.RELATIVE_RISE:
            return _OPTIMIZED - (1 + limit) * _BASELINE
        case Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return _OPTIMIZED - _BASELINE


def kind_of(contrast: Contrast) -> MetricKind:
    """Return the kind of metric that a contrast is about, where no scores are spoken of."""
    return MetricKind.DIVERGENCE if contrast is Contrast.MEAN else MetricKind.VERDICTS


# --- Which claims make sense -----------------------------------------------


def check(claim: Claim, metric: Metric) -> None:
    """
    Refuse a claim that evidence about this metric cannot prove.

    Raises:
        ValueError: Says what was found and what is allowed.

    """
    for objection in _objections(claim, metric):
        message = f"claim on metric {claim.metric!r}, slice {claim.slice!r}: {objection}"
        raise ValueError(message)


def _objections(claim: Claim, metric: Metric) -> Iterator[str]:
    contrast, limit = claim.contrast, claim.limit
    allowed = _contrasts(metric)
    if contrast not in allowed:
        yield (
            f"contrast is {contrast}, allowed for a {metric.kind} metric whose {metric.worse} is "
            f"worse: {', '.join(allowed)}"
        )
    if not -np.inf < metric.lower <= 0 < metric.upper < np.inf:
        yield (
            f"distances are in {metric.lower:g} to {metric.upper:g}, which must hold 0 (the same) "
            f"and go beyond it"
        )
    if not _is_in_range(contrast, limit, metric):
        yield f"limit is {limit}, allowed for {contrast} is {_range(contrast, metric)}"
    if metric.kind is MetricKind.SCORES and (contrast, limit) not in metric.held_to:
        held_to = outcomes.held_to(metric)
        yield f"{contrast} {limit:g} is not counted, the metric is held to {held_to}"
    if contrast is Contrast.ANY_RISE and claim.side is Side.BETTER:
        yield (
            f"any_rise can only be proven on the side {Side.WORSE}; that there is no rise at all "
            f"cannot be proven, use absolute_rise with a margin"
        )


def _contrasts(metric: Metric) -> tuple[Contrast, ...]:
    if metric.kind is MetricKind.DIVERGENCE:
        return (Contrast.MEAN,)
    if metric.worse is Worse.LOWER:
        return (Contrast.RELATIVE_DROP,)
    if metric.kind is MetricKind.SCORES:
        return Contrast.ABSOLUTE_RISE, Contrast.RELATIVE_RISE
    return Contrast.ABSOLUTE_RISE, Contrast.RELATIVE_RISE, Contrast.ANY_RISE


_RANGES = {
    Contrast.RELATIVE_DROP: "0 or more and below 1",
    Contrast.ABSOLUTE_RISE: "0 or more and below 1",
    Contrast.RELATIVE_RISE: "0 or more",
    Contrast.ANY_RISE: "0",
}


def _range(contrast: Contrast, metric: Metric) -> str:
    if contrast is Contrast.MEAN:
        return f"above {metric.lower:g} and below {metric.upper:g}"
    return _RANGES[contrast]


def _is_in_range(contrast: Contrast, limit: float, metric: Metric) -> bool:
    match contrast:
        case Contrast.MEAN:
            return metric.lower < limit < metric.upper
        case Contrast.RELATIVE_DROP | Contrast.ABSOLUTE_RISE:
            return 0 <= limit < 1
        case Contrast.RELATIVE_RISE:
            return 0 <= limit < np.inf
        case Contrast.ANY_RISE:
            return limit == 0
