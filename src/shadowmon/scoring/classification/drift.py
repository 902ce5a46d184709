"""
Did the mix of answers move? Two models' labels over one window, by their counts.

Drift is reported and never decides: a mix may stay as it is while every answer changes, and a
figure over a window is no guarantee that holds whenever it is read.

Every figure is positive even where nothing moved, for samples differ. So each comes with what it is
expected to be then, for two independent samples of these sizes from one distribution, to the first
order in 1/n. Two models' answers to the same requests are alike and not independent: what is
expected of them is less, and what is left of the figure after it rather too little than too much.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shadowmon.scoring.classification.distributions import jensen_shannon


SMOOTHING = 0.5
"""Added to each count where a logarithm needs it (H. Jeffreys' prior of a multinomial)."""
_KOLMOGOROV_MEAN = math.sqrt(math.pi / 2) * math.log(2)
"""Of the Kolmogorov distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One figure of drift, beside what it would be on average if nothing had moved."""

    figure: float
    expected: float

    @property
    def excess(self) -> float:
        """The figure without what is expected of it anyway; at least 0."""
        return max(0.0, self.figure - self.expected)


def jensen_shannon_drift(ones: Mapping[str, int], others: Mapping[str, int]) -> Drift | None:
    """
    Return the Jensen-Shannon divergence of two mixes, in bits, in [0, 1]; None if one is empty.

    Expected without drift: (K - 1) (1/n + 1/m) / (8 ln 2), for K labels that were seen.
    """
    return _of_counts(ones, others, _jensen_shannon, 1 / (8 * math.log(2)))


def kullback_leibler_drift(ones: Mapping[str, int], others: Mapping[str, int]) -> Drift | None:
    """
    Return KL(others || ones) of two smoothed mixes, in nats, at least 0; None if one is empty.

    What the labels of `others` cost if they are coded as `ones` come. Expected without drift:
    (K - 1) (1/n + 1/m) / 2.
    """
    return _of_counts(ones, others, _kullback_leibler, 1 / 2)


def population_stability_index(ones: Mapping[str, int], others: Mapping[str, int]) -> Drift | None:
    """
    Return the PSI of two smoothed mixes, at least 0; None if one is empty.

    KL in both directions. Expected without drift: (K - 1) (1/n + 1/m) (B. Yurdakul, "Statistical
    Properties of Population Stability Index", 2018). The common 0.1 and 0.25 know no sample size.
    """
    return _of_counts(
        ones, others, lambda p, q: _kullback_leibler(p, q) + _kullback_leibler(q, p), 1.0
    )


def kolmogorov_smirnov(ones: npt.ArrayLike, others: npt.ArrayLike) -> Drift | None:
    """
    Return the largest distance of two samples' distribution functions, in [0, 1].

    None if a sample is empty, or has a NaN. Expected without drift, of scores without ties (with
    ties it is less): sqrt(pi/2) ln 2 sqrt(1/n + 1/m).
    """
    one, other = (np.sort(np.asarray(each, np.float64)) for each in (ones, others))
    if not len(one) or not len(other) or math.isnan(one[-1]) or math.isnan(other[-1]):
        return None
    places = np.concatenate((one, other))
    below = one.searchsorted(places, "right") / len(one)
    below -= other.searchsorted(places, "right") / len(other)
    expected = _KOLMOGOROV_MEAN * math.sqrt(1 / len(one) + 1 / len(other))
    return Drift(figure=float(np.abs(below).max()), expected=min(1.0, expected))


_Shares = npt.NDArray[np.float64]


def _of_counts(
    ones: Mapping[str, int],
    others: Mapping[str, int],
    measure: Callable[[_Shares, _Shares], float],
    factor: float,
) -> Drift | None:
    labels = sorted(ones.keys() | others.keys())
    counts = np.array(
        [[side.get(label, 0) for label in labels] for side in (ones, others)], np.float64
    ).reshape(2, -1)
    sizes = counts.sum(axis=1)
    if not sizes.all():
        return None
    seen = counts[:, counts.any(axis=0)]
    figure = measure(seen[0], seen[1])
    expected = factor * (seen.shape[1] - 1) * float((1 / sizes).sum())
    return Drift(figure=figure, expected=expected)


def _jensen_shannon(ones: _Shares, others: _Shares) -> float:
    p, q = (dict(enumerate((each / each.sum()).tolist())) for each in (ones, others))
    return jensen_shannon(
        {str(label): share for label, share in p.items()},
        {str(label): share for label, share in q.items()},
    )


def _kullback_leibler(ones: _Shares, others: _Shares) -> float:
    p, q = ones + SMOOTHING, others + SMOOTHING
    p, q = p / p.sum(), q / q.sum()
    return max(0.0, float((q * np.log(q / p)).sum()))
