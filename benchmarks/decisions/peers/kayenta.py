"""
Kayenta's standard judge: a Mann-Whitney test on two series of points.

Each metric is a time series of each arm. Its points are compared by a Mann-Whitney test at 98 %
confidence; the experiment is High or Low if the whole confidence interval of the shift lies beyond
a quarter of the estimated shift (Hodges and Lehmann), on that side, and the ratio of means is
beyond `allowedIncrease` or `allowedDecrease` (1 by default: any ratio). Else it is Pass
(kayenta-judge, `NetflixACAJudge` and `MannWhitneyClassifier`; the interval is R's
`wilcox.test(conf.int = TRUE)`, asymptotic, with continuity correction, kayenta-mannwhitney).

The interval's ends are where the corrected statistic crosses a normal quantile. It falls with the
shift, so "the upper end is below c" is "the statistic at c is below the lower quantile", and no
root has to be searched for.
"""

from __future__ import annotations

import enum
import math

from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray
from scipy.stats import norm


CONFIDENCE = 0.98
TOLERANCE = 0.25
_QUANTILE = float(norm.ppf(1 - (1 - CONFIDENCE) / 2))

Points: TypeAlias = NDArray[np.float64]


class Label(enum.StrEnum):
    """What a metric is classified as."""

    PASS = "Pass"
    HIGH = "High"
    LOW = "Low"


def classify(control: Points, experiment: Points, *, allowed_decrease: float = 1.0) -> Label:
    """
    Classify a metric whose direction is "either".

    Args:
        control: The baseline's points.
        experiment: The canary's points.
        allowed_decrease: Ratio of means, experiment to control, that Low must not exceed.

    """
    if np.array_equal(np.sort(control), np.sort(experiment)):
        return Label.PASS
    if np.unique(np.concatenate([control, experiment])).size == 1:
        return Label.PASS
    bound = TOLERANCE * abs(shift(control, experiment))
    ratio = experiment.mean() / control.mean() if control.mean() else math.nan
    if _statistic(control, experiment, bound) > _QUANTILE and not ratio < 1.0:
        return Label.HIGH
    if _statistic(control, experiment, -bound) < -_QUANTILE and not ratio > allowed_decrease:
        return Label.LOW
    return Label.PASS


def shift(control: Points, experiment: Points) -> float:
    """Return Hodges' and Lehmann's estimate: the median of all differences of two points."""
    return float(np.median(np.subtract.outer(experiment, control)))


def _statistic(control: Points, experiment: Points, moved: float) -> float:
    """Return the standardised, corrected rank statistic after the experiment is moved back."""
    # Points are rates of whole counts: what differs by rounding only is a tie.
    x, y = np.round(experiment - moved, 9), np.round(control, 9)
    n, m = len(x), len(y)
    _, ties = np.unique(np.concatenate([x, y]), return_counts=True)
    below = np.searchsorted(np.sort(y), x, side="left")
    up_to = np.searchsorted(np.sort(y), x, side="right")
    beyond = float((below + up_to).sum()) / 2 - n * m / 2
    size = n + m
    tied = float((ties.astype(float) ** 3 - ties).sum())
    variance = n * m / 12 * ((size + 1) - tied / (size * (size - 1)))
    if variance <= 0:
        return 0.0
    return (beyond - math.copysign(0.5, beyond) * (beyond != 0)) / math.sqrt(variance)
