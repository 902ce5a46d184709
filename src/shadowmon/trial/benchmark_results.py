"""What a benchmark measured of both models: figures for the same questions, or means alone."""

from __future__ import annotations

import math

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from shadowmon.evidence import confseq, outcomes
from shadowmon.evidence.eprocess import bet_as_set
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Counts,
    Metric,
    MetricKind,
    MetricName,
    Side,
    Worse,
)


Interval: TypeAlias = tuple[float | None, float | None]

_BETS = EvidenceSettings()

CONTRASTS = {Worse.LOWER: Contrast.RELATIVE_DROP, Worse.HIGHER: Contrast.RELATIVE_RISE}
"""Which way is worse -> what a limit is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a relative drop is held against."""

    acceptable: float
    """Below it, proven: accepted."""
    rejected: float
    """Above it, proven: rejected."""
    alpha: float = 0.05
    """Of accepting what is not acceptable; and of rejecting what is not to be rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a result says of the relative drop. A positive one is always worse."""

    baseline: float
    optimized: float
    interval: Interval
    """Two-sided at alpha; None where it has no end."""
    accepted: bool
    rejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Figures in [0, 1] of both models for the same questions."""

    benchmark: str
    metric: str
    worse: Worse
    baseline: Sequence[float]
    optimized: Sequence[float]
    missing: int = 0
    """Questions that one of the models has no figure for; counted against the optimized one."""

    @property
    def count(self) -> int:
        """Questions that both have a figure for."""
        return len(self.baseline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean of many figures, and its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """What is known of both models when single figures are not."""

    benchmark: str
    metric: str
    worse: Worse
    baseline: Mean
    optimized: Mean
    count: int
    """Questions; each model was asked all of them."""
    missing: int = 0


# --- one figure of each model for each question ----------------------------


def of_pairs(result: Paired, limits: Limits, *, many: int) -> Found:
    """
    Hold paired figures against the limits, by the bets that live pairs are weighed by.

    Args:
        result: The figures.
        limits: See there.
        many: How many figures are judged together, and share alpha for a rejection.

    Raises:
        ValueError: If a figure is outside [0, 1].

    """
    metric = _metric(result, limits)
    counts = _account(result, metric)
    accept = _log_e(metric, limits.acceptable, Side.BETTER, counts)
    reject = _log_e(metric, limits.rejected, Side.WORSE, counts)
    baseline, optimized = (
        float(np.mean(each)) if each else 0.0 for each in (result.baseline, result.optimized)
    )
    return Found(
        baseline=baseline,
        optimized=optimized,
        interval=confseq.interval(
            metric, CONTRASTS[metric.worse], {EVERY_ONE: counts}, alpha=limits.alpha
        ),
        accepted=accept >= -math.log(limits.alpha),
        rejected=reject >= math.log(many / limits.alpha),
    )


def _metric(result: Paired, limits: Limits) -> Metric:
    contrast = CONTRASTS[result.worse]
    is_yes_or_no = {*result.baseline, *result.optimized} <= {0.0, 1.0}
    held_to = tuple((contrast, each) for each in sorted({limits.acceptable, limits.rejected}))
    return Metric(
        name=MetricName(result.metric),
        kind=MetricKind.VERDICTS if is_yes_or_no else MetricKind.SCORES,
        worse=result.worse,
        held_to=() if is_yes_or_no else held_to,
        sentence=f"{result.metric} of {result.benchmark}",
    )


def _account(result: Paired, metric: Metric) -> Counts:
    figures = np.array([result.baseline, result.optimized], dtype=np.float64).T.reshape(-1, 2)
    if not ((figures >= 0) & (figures <= 1)).all():
        message = f"{result.benchmark}: a figure of {result.metric} is not in 0 to 1"
        raise ValueError(message)
    counts = np.zeros(outcomes.places(metric), dtype=np.int64)
    if len(figures):
        places, amounts = outcomes.deposits(figures, metric)
        np.add.at(counts, places, amounts)
    counts[-1] = result.missing
    return tuple(counts.tolist())


def _log_e(metric: Metric, limit: float, side: Side, counts: Counts) -> float:
    contrast = CONTRASTS[metric.worse]
    claim = Claim(metric=metric.name, slice=EVERYTHING, contrast=contrast, limit=limit, side=side)
    process = bet_as_set(claim, _BETS, metric=metric)
    part = outcomes.part(metric, contrast, limit, counts)
    return float(process.log_e_value(process.log_wealth(part)))


# --- a mean of each model --------------------------------------------------


def of_summaries(result: Summaries, limits: Limits, *, many: int) -> Found:
    """
    Hold two means against the limits, as those of independent samples.

    Args:
        result: The means.
        limits: See there.
        many: As for `of_pairs`.

    """
    normal = NormalDist()
    return Found(
        baseline=result.baseline.value,
        optimized=result.optimized.value,
        interval=_fieller(result, normal.inv_cdf(1 - limits.alpha / 2)),
        accepted=_z(result, limits.acceptable) <= -normal.inv_cdf(1 - limits.alpha),
        rejected=_z(result, limits.rejected) >= normal.inv_cdf(1 - limits.alpha / many),
    )


def _z(result: Summaries, limit: float) -> float:
    """Return by how many standard errors the drop is above a limit."""
    baseline, optimized = _more_is_better(result)
    factor = 1 - limit if result.worse is Worse.LOWER else 1 + limit
    score = factor * baseline - optimized
    error = math.hypot(factor * result.baseline.error, result.optimized.error)
    if error:
        return score / error
    return math.copysign(math.inf, score) if score else 0.0


def _more_is_better(result: Summaries) -> tuple[float, float]:
    sign = 1 if result.worse is Worse.LOWER else -1
    return sign * result.baseline.value, sign * result.optimized.value


def _fieller(result: Summaries, z: float) -> Interval:
    """Return the limits whose score is less than z standard errors away from 0."""
    # With q = optimized / baseline:  (q b - o)^2 = z^2 (q^2 var_b + var_o), a quadratic in q.
    baseline, optimized = result.baseline.value, result.optimized.value
    first = baseline**2 - (z * result.baseline.error) ** 2
    middle = baseline * optimized
    last = optimized**2 - (z * result.optimized.error) ** 2
    inside = middle**2 - first * last
    if first <= 0 or inside < 0:  # the baseline may well be 0: there is no part of it
        return None, None
    low, high = ((middle + sign * math.sqrt(inside)) / first for sign in (-1, 1))
    return (1 - high, 1 - low) if result.worse is Worse.LOWER else (low - 1, high - 1)
