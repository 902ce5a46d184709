"""
How far apart are two models' numbers?

Two figures, for each is blind to what the other sees. The absolute error as a share of the numbers'
size says what is lost of the whole, and nothing about small numbers; the relative error, number by
number, says how many are far off, and shouts about those near zero.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


TENSOR_DIVERGENCE = MetricName("tensor_divergence")
TENSOR_RELATIVE_DIVERGENCE = MetricName("tensor_relative_divergence")

_Numbers = npt.NDArray[np.float64]
_Tensors = Mapping[str, Sequence[float]]


class TensorsScorer:
    """Compares numeric outputs by their names."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=TENSOR_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="The absolute differences of the two models' numbers, as a share of the sum of"
            " both models' absolute numbers; the mean over the outputs.",
        ),
        Metric(
            name=TENSOR_RELATIVE_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="Each difference of the two models' numbers as a share of the sum of the two"
            " absolute numbers; the mean over the numbers, and over the outputs.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        self._tolerance = settings.number_tolerance

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`. An output that only one of the models has is as far as can be."""
        baseline = readable(pair.baseline)
        expected = None if baseline is None else baseline.tensors
        if not expected:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(metric.name, pair.optimized) for metric in self.metrics]
        found = optimized.tensors
        if not found:
            missing = "optimized_without_tensors"
            return [Observation(metric=each.name, missing=missing) for each in self.metrics]
        measures = {TENSOR_DIVERGENCE: absolute, TENSOR_RELATIVE_DIVERGENCE: relative}
        return [
            Observation(metric=name, distance=self._mean(expected, found, measure))
            for name, measure in measures.items()
        ]

    def _mean(
        self,
        expected: _Tensors,
        found: _Tensors,
        measure: Callable[[Sequence[float], Sequence[float], float], float],
    ) -> float:
        distances = [
            measure(expected[name], found[name], self._tolerance)
            if name in expected and name in found
            else 1.0
            for name in sorted(expected.keys() | found)
        ]
        return min(1.0, math.fsum(distances) / len(distances))


def absolute(one: Sequence[float], other: Sequence[float], tolerance: float) -> float:
    """
    Return sum |a - b| / (sum |a| + sum |b|), in [0, 1] (J. R. Bray, J. T. Curtis, 1957).

    1 for different sizes. Differences within the relative tolerance are none. A number that is not
    finite is the same as itself, and as nothing else: its share of the places counts in full.
    """
    return _distance(one, other, tolerance, _absolute)


def relative(one: Sequence[float], other: Sequence[float], tolerance: float) -> float:
    """
    Return the mean of |a - b| / (|a| + |b|), in [0, 1] (G. N. Lance, W. T. Williams, 1967).

    Sizes, tolerance and numbers that are not finite: as of `absolute`.
    """
    return _distance(one, other, tolerance, _relative)


def _distance(
    one: Sequence[float],
    other: Sequence[float],
    tolerance: float,
    measure: Callable[[_Numbers, _Numbers, _Numbers], float],
) -> float:
    ours, theirs = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if len(ours) != len(theirs):
        return 1.0
    finite = np.isfinite(ours) & np.isfinite(theirs)
    odd_ours, odd_theirs = ours[~finite], theirs[~finite]
    alike = (odd_ours == odd_theirs) | (np.isnan(odd_ours) & np.isnan(odd_theirs))
    ours, theirs = ours[finite] / 2, theirs[finite] / 2  # halved, no sum of two is beyond a float
    apart = np.abs(ours - theirs)
    apart[apart <= tolerance * np.maximum(np.abs(ours), np.abs(theirs))] = 0
    share = min(1.0, measure(apart, np.abs(ours), np.abs(theirs))) if apart.any() else 0.0
    places = len(apart) + len(alike)
    return (share * len(apart) + int(np.sum(~alike))) / places if places else 0.0


def _absolute(apart: _Numbers, ours: _Numbers, theirs: _Numbers) -> float:
    largest = max(float(ours.max()), float(theirs.max()))  # so that no sum is beyond a float
    return float((apart / largest).sum() / ((ours / largest).sum() + (theirs / largest).sum()))


def _relative(apart: _Numbers, ours: _Numbers, theirs: _Numbers) -> float:
    return float(np.mean(apart / np.where(apart > 0, ours + theirs, 1)))
