"""
A win rate from many cheap verdicts and few human ones: unbiased whatever the judge's bias is.

PPI++ for a mean (Angelopoulos, Duchi and Zrnic, PPI++: Efficient Prediction-Powered Inference,
2023, section 6). With n pairs that people judged (y, and the judge's f of the same pairs) and N
that the judge judged alone (f~):

    estimate = mean(y) + w (mean(f~) - mean(f))
    variance = var(y - w f) / n + w^2 var(f~) / N

The correction has mean 0 whatever f is, so the judge's bias falls out. The weight w makes the
variance least:

    w = cov(y, f) / ((1 + n / N) var(f)),        held to [0, 1]

so that a judge that is worth nothing gets the weight 0: the interval is no wider than that of the
human labels alone, but for the error in estimating w.

Conditions: the pairs that people judged are a random sample of all of them, and pairs are
independent. The interval is the normal approximation: read it from some 30 labels on. It is for one
look, at a time that was fixed before: no decision of the rollout rests on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from shadowmon.evidence.gains import Floats


LABELS_MIN = 2
"""Below it there is no variance."""

Votes: TypeAlias = Sequence[float] | Floats
"""What the optimized model got of each pair, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A rate, with an interval."""

    rate: float
    variance: float
    """Of the rate."""
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A judge's win rate, put right by human labels."""

    estimate: Estimate
    weight: float
    """How much the judge is listened to: 0 not at all, 1 as if it were a person."""
    worth_labels: float
    """How many more human labels, without a judge, would give as narrow an interval."""


def mean_of(values: Votes, *, alpha: float = 0.05) -> Estimate:
    """
    Return the mean of values in [0, 1] and its normal interval.

    Raises:
        ValueError: If there are fewer than two.

    """
    if len(values) < LABELS_MIN:
        msg = f"a rate with an interval needs {LABELS_MIN} values or more, there are {len(values)}"
        raise ValueError(msg)
    found = np.asarray(values, np.float64)
    return _estimate(float(found.mean()), float(found.var(ddof=1)) / len(found), alpha)


def corrected(human: Votes, judge: Votes, judge_alone: Votes, *, alpha: float) -> Corrected:
    """
    Return the win rate that people would give to all pairs.

    Args:
        human: What people gave to the pairs that they judged, each in [0, 1].
        judge: What the judge gave to the same pairs, in the same order.
        judge_alone: What the judge gave to pairs that nobody else judged.
        alpha: Two-sided level of the interval.

    Raises:
        ValueError: If people judged fewer than two pairs, or the first two differ in length.

    """
    if len(human) != len(judge):
        msg = f"{len(human)} human labels, but {len(judge)} verdicts on the same pairs"
        raise ValueError(msg)
    by_people = mean_of(human, alpha=alpha)
    y, f, alone = (np.asarray(each, np.float64) for each in (human, judge, judge_alone))
    weight = _weight(y, f, len(alone)) if len(alone) >= LABELS_MIN else 0.0
    if not weight:
        return Corrected(estimate=by_people, weight=0.0, worth_labels=0.0)
    rate = by_people.rate + weight * float(alone.mean() - f.mean())
    variance = float((y - weight * f).var(ddof=1)) / len(y)
    variance += weight**2 * float(alone.var(ddof=1)) / len(alone)
    return Corrected(
        estimate=_estimate(rate, variance, alpha),
        weight=weight,
        worth_labels=_worth(by_people.variance, variance, len(y)),
    )


def _weight(y: Floats, f: Floats, alone: int) -> float:
    spread = float(f.var(ddof=1))
    if not spread:
        return 0.0
    together = float(np.cov(y, f)[0, 1])
    return min(1.0, max(0.0, together / ((1 + len(y) / alone) * spread)))


def _worth(by_people: float, with_judge: float, labels: int) -> float:
    """Labels that people alone would need for the same variance, less those that there are."""
    if not with_judge:
        return 0.0
    return max(0.0, labels * (by_people / with_judge - 1))


def _estimate(rate: float, variance: float, alpha: float) -> Estimate:
    from scipy.special import ndtri  # noqa: PLC0415 - a start would wait 0.2 s for it

    reach = -float(ndtri(alpha / 2)) * variance**0.5
    return Estimate(
        rate=rate, variance=variance, lower=max(0.0, rate - reach), upper=min(1.0, rate + reach)
    )
