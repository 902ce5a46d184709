"""
Observation -> integers that add; and what can be read off them without betting.

Every metric is counted in a fixed row of integers, its places, and the accounts of any number of
replicas add up, in any order, to the very integers that one replica would have counted.

    verdicts      both no, optimized only, baseline only, both yes                        | missing
    divergence    129 knots over [lower, upper]                                           | missing
    scores        129 knots for each contrast held to, sum of baseline, sum of optimized  | missing

What a limit asks of verdicts and divergences is decided later (gains.py), so that one account
serves every limit. A relative limit on scores cannot wait: (1 - limit) x baseline - optimized must
be formed pair by pair. Therefore a scores metric says beforehand what it will be held to. The two
sums, in 32768ths, are for people: they give both rates and the figure exactly.

Rule 1: an account is integers only. Floats do not add the same way twice.
Rule 2: what could not be measured is counted too, in the last place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import knots, observed
from shadowmon.evidence.knots import KNOTS, RESOLUTION, UNIT, Deposit, Integers, Span
from shadowmon.records import Contrast, Counts, Metric, MetricKind, Observation, Worse


BOTH_NO, OPTIMIZED_ONLY, BASELINE_ONLY, BOTH_YES = range(4)
"""Places of a verdicts metric: which of the two models got a yes. `2 * baseline + optimized`."""

_SUMS = 2


# --- How an account is laid out --------------------------------------------


def places(metric: Metric) -> int:
    """
    Return how many integers an account of this metric has; the last counts the missing.

    Raises:
        ValueError: If it is a scores metric that is held to nothing.

    """
    match metric.kind:
        case MetricKind.VERDICTS:
            return 5
        case MetricKind.DIVERGENCE:
            return KNOTS + 1
        case MetricKind.SCORES:
            if not metric.held_to:
                message = (
                    f"metric {metric.name!r}: a scores metric must be held to a contrast and limit"
                )
                raise ValueError(message)
            return KNOTS * len(metric.held_to) + _SUMS + 1


_TABLE_NAMES = ("both no", "optimized only", "baseline only", "both yes")


def names(span: Span | None) -> list[str]:
    """Name the places that a claim bets on, by what `span` returned; a score by its value."""
    if span is None:
        return [*_TABLE_NAMES, "missing"]
    return [*(f"{score:g}" for score in knots.positions(span).tolist()), "missing"]


def units(kind: MetricKind) -> int:
    """Return what one measured pair adds to the places of a claim. A missing one always adds 1."""
    return 1 if kind is MetricKind.VERDICTS else UNIT


def span(metric: Metric, contrast: Contrast, limit: float) -> Span | None:
    """Return the range of the score that a claim bets on; None if it bets on a table's places."""
    match metric.kind:
        case MetricKind.VERDICTS:
            return None
        case MetricKind.DIVERGENCE:
            return metric.lower, metric.upper
        case MetricKind.SCORES:
            return score_span(contrast, limit)


def score_span(contrast: Contrast, limit: float) -> Span:
    """Return the range of the score that a contrast makes of two figures in [0, 1]."""
    match contrast:
        case Contrast.RELATIVE_DROP:
            return -1.0, 1 - limit
        case Contrast.RELATIVE_RISE:
            return -(1 + limit), 1.0
        case Contrast.MEAN | Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return -1.0, 1.0


def part(metric: Metric, contrast: Contrast, limit: float, counts: Counts) -> Counts:
    """
    Return the places that a claim bets on, the missing last.

    That is the whole account, but of a scores metric one histogram only.

    Raises:
        ValueError: If a scores metric is not held to this contrast and limit.

    """
    if metric.kind is not MetricKind.SCORES:
        return counts
    begin = first_place(metric, contrast, limit)
    return (*counts[begin : begin + KNOTS], counts[-1])


def first_place(metric: Metric, contrast: Contrast, limit: float) -> int:
    """Return where in an account begins what a claim bets on; otherwise as `part`."""
    if metric.kind is not MetricKind.SCORES:
        return 0
    return KNOTS * _number(metric, contrast, limit)


def _number(metric: Metric, contrast: Contrast, limit: float) -> int:
    try:
        return metric.held_to.index((contrast, limit))
    except ValueError:
        message = (
            f"metric {metric.name!r} is not held to {contrast} {limit:g}: it is counted for "
            f"{held_to(metric)}"
        )
        raise ValueError(message) from None


def held_to(metric: Metric) -> str:
    """Return what a scores metric is held to, in words."""
    return ", ".join(f"{contrast} {limit:g}" for contrast, limit in metric.held_to) or "nothing"


# --- Observation -> what grows ---------------------------------------------


def deposits(figures: NDArray[np.float64], metric: Metric) -> tuple[Integers, Integers]:
    """
    Say what observations add to their accounts.

    Args:
        figures: (observations, 2), each row from `observed.figures` for this metric.
        metric: What was observed.

    Returns:
        Places that grow and by how much, both (as many as a measured one touches, observations).
        Some amounts are 0.

    """
    is_missing = np.isnan(figures[:, 0])
    if not is_missing.any():
        return _measured_deposits(figures.T, metric)
    measured = np.where(is_missing[:, np.newaxis], 0.0, figures)
    grown, amounts = _measured_deposits(measured.T, metric)
    grown[:, is_missing] = places(metric) - 1
    amounts[:, is_missing] = 0
    amounts[0, is_missing] = 1
    return grown, amounts


def deposit(observation: Observation, metric: Metric) -> Deposit:
    """
    Say what one observation adds to its account.

    Returns:
        (place, amount) of each place that grows.

    Raises:
        ValueError: As `observed.figures`.

    """
    grown, amounts = deposits(np.array([observed.figures(observation, metric)]), metric)
    pairs = zip(grown[:, 0].tolist(), amounts[:, 0].tolist(), strict=True)
    return tuple((place, amount) for place, amount in pairs if amount)


def _measured_deposits(figures: NDArray[np.float64], metric: Metric) -> tuple[Integers, Integers]:
    match metric.kind:
        case MetricKind.VERDICTS:
            baseline, optimized = figures
            grown = (2 * baseline + optimized).astype(np.int64)[np.newaxis]
            return grown, np.ones_like(grown)
        case MetricKind.DIVERGENCE:
            return knots.split_all(figures[:1], (metric.lower, metric.upper))
        case MetricKind.SCORES:
            return _of_scores(figures, metric)


def _of_scores(figures: NDArray[np.float64], metric: Metric) -> tuple[Integers, Integers]:
    steps = figures * RESOLUTION
    np.rint(steps, out=steps)
    baseline, optimized = steps / RESOLUTION
    columns = _columns(metric.held_to)
    scores = columns.times_baseline * baseline
    scores += columns.times_optimized * optimized
    grown, amounts = knots.split_all(scores, (columns.lower, columns.upper), spare=_SUMS)
    grown[:-_SUMS] += columns.begins
    grown[-_SUMS:] = columns.sums
    amounts[-_SUMS:] = steps
    return grown, amounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Columns:
    """What each score multiplies the two figures by, and its range; (contrasts, 1) each."""

    times_baseline: NDArray[np.float64]
    times_optimized: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    begins: Integers
    """Of each histogram in an account; for the lower knots, and for the upper ones."""
    sums: Integers
    """Places of the two sums, (2, 1)."""


@lru_cache(maxsize=256)
def _columns(held_to: tuple[tuple[Contrast, float], ...]) -> _Columns:
    def column(values: Iterable[float]) -> NDArray[np.float64]:
        return np.array([[value] for value in values])

    spans = [score_span(contrast, limit) for contrast, limit in held_to]
    begins = KNOTS * np.arange(len(held_to))[:, np.newaxis]
    return _Columns(
        times_baseline=column(score(*held, 1.0, 0.0) for held in held_to),
        times_optimized=column(score(*held, 0.0, 1.0) for held in held_to),
        lower=column(lower for lower, _ in spans),
        upper=column(upper for _, upper in spans),
        begins=np.concatenate([begins, begins]),
        sums=KNOTS * len(held_to) + np.arange(_SUMS)[:, np.newaxis],
    )


def score(contrast: Contrast, limit: float, baseline: float, optimized: float) -> float:
    """Return the score that a contrast makes of two figures: linear in both; see gains.py."""
    match contrast:
        case Contrast.RELATIVE_DROP:
            return (1 - limit) * baseline - optimized
        case Contrast.RELATIVE_RISE:
            return optimized - (1 + limit) * baseline
        case Contrast.MEAN | Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return optimized - baseline


# --- Reading an account ----------------------------------------------------
#
# What is sampled at several rates is read off one account, its weighted sum (sampling.py): then
# the counts are no whole numbers.


def pairs(metric: Metric, counts: Sequence[int]) -> int:
    """Return how many pairs were measured."""
    return round(_measured(metric, counts))


def missing(metric: Metric, counts: Sequence[int]) -> int:
    """Return how many pairs should have been measured and could not be."""
    return counts[places(metric) - 1]


def _measured(metric: Metric, counts: Sequence[float]) -> float:
    if metric.kind is MetricKind.SCORES:
        return sum(counts[:KNOTS]) / UNIT
    return sum(counts[:-1]) / units(metric.kind)


def _totals(metric: Metric, counts: Sequence[float]) -> tuple[float, float]:
    """Return the sum of baseline's and of optimized's figures."""
    if metric.kind is MetricKind.SCORES:
        baseline, optimized = counts[-1 - _SUMS : -1]
        return baseline / RESOLUTION, optimized / RESOLUTION
    return (
        counts[BASELINE_ONLY] + counts[BOTH_YES],
        counts[OPTIMIZED_ONLY] + counts[BOTH_YES],
    )


def rates(metric: Metric, counts: Sequence[float]) -> tuple[float | None, float | None]:
    """
    Return the mean figure of baseline and optimized; of verdicts, the share of yeses.

    Returns:
        None for a divergence, or if no pair was measured.

    """
    measured = _measured(metric, counts)
    if metric.kind is MetricKind.DIVERGENCE or not measured:
        return None, None
    baseline, optimized = _totals(metric, counts)
    return baseline / measured, optimized / measured


def estimate(metric: Metric, contrast: Contrast, counts: Sequence[float]) -> float | None:
    """
    Return the figure of a contrast as measured; the missing are left out.

    Returns:
        None if no pair was measured, or the figure divides by a baseline rate of 0.

    """
    measured = _measured(metric, counts)
    if not measured:
        return None
    if contrast is Contrast.MEAN:
        return knots.mean(counts[:-1], (metric.lower, metric.upper))
    baseline, optimized = _totals(metric, counts)
    rise = optimized - baseline
    match contrast:
        case Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return rise / measured
        case Contrast.RELATIVE_RISE:
            return rise / baseline if baseline else None
        case Contrast.RELATIVE_DROP:
            return -rise / baseline if baseline else None


def contrast_of(metric: Metric) -> Contrast:
    """Return the figure that a limit on this metric is about, unless the settings say otherwise."""
    if metric.kind is MetricKind.DIVERGENCE:
        return Contrast.MEAN
    return Contrast.RELATIVE_DROP if metric.worse is Worse.LOWER else Contrast.ABSOLUTE_RISE
