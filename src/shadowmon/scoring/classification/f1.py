"""
Accuracy, precision, recall and F1 of two classifiers, class by class, and how far they differ.

Made of the 2x2 tables that `classes` has counted. For people: the intervals hold for one look at
the end of a fixed sample, and decide nothing.

Differences are the optimized model's figure minus the baseline's. Intervals are by the delta method
over the pairs, with half a pair added to each cell so that a table without errors leaves room too;
for accuracy and recall that is the interval of A. Agresti and Y. Min ("Simple improved confidence
intervals for comparing matched proportions", Statistics in Medicine 24, 2005). Tables of different
classes share pairs, and how is not counted: a macro F1's interval is therefore as wide as if all
classes erred together, and micro F1's as if misses and false alarms did (the triangle inequality
of standard deviations): never too narrow for want of knowing it.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

import numpy as np
import numpy.typing as npt


ADDED = 0.5
"""To each cell, before an interval is computed; figures are computed without."""

_Cells = npt.NDArray[np.float64]
"""Missed by neither, the optimized model only, the baseline only, both; so the false alarms."""
_IN_BASELINE, _IN_OPTIMIZED = np.array([0, 0, 1, 1.0]), np.array([0, 1, 0, 1.0])

_Figure = Callable[[float, float, float], tuple[float, tuple[float, float, float]] | None]
"""True positives, false negatives, false positives -> the figure and its slope in each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTables:
    """What was counted of one class. Each table: neither, optimized only, baseline only, both."""

    missed: tuple[int, int, int, int]
    """Of the pairs whose label is the class."""
    false_alarm: tuple[int, int, int, int]
    """Of all other labelled pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of both models; None where it is not defined (no pairs, or no calls)."""

    baseline: float | None
    optimized: float | None
    difference: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """All figures of one comparison."""

    precision: Mapping[str, Compared]
    recall: Mapping[str, Compared]
    f1: Mapping[str, Compared]
    macro_f1: Compared
    micro_f1: Compared
    """Over the configured classes. If every label is one of them, and every answer, it is the
    accuracy."""
    accuracy: Compared
    """Of the pairs whose label is one of the configured classes."""


def compared(tables: Mapping[str, ClassTables], alpha: float = 0.05) -> Classification:
    """
    Compute all figures.

    Args:
        tables: By class; at least one.
        alpha: 1 - the intervals' coverage.
    """
    width = NormalDist().inv_cdf(1 - alpha / 2)
    cells = {
        name: np.array((*each.missed, *each.false_alarm), np.float64)
        for name, each in tables.items()
    }
    pooled = np.sum(list(cells.values()), axis=0)

    def by_class(figure: _Figure) -> dict[str, Compared]:
        return {name: _compared(figure, each, width) for name, each in cells.items()}

    return Classification(
        precision=by_class(_precision),
        recall=by_class(_recall),
        f1=by_class(_f1),
        macro_f1=_macro(list(cells.values()), width),
        micro_f1=_compared(_f1, pooled, width, apart=True),
        accuracy=_compared(_recall, pooled, width),
    )


# --- The figures, of one model ---------------------------------------------


def _precision(tp: float, _: float, fp: float) -> tuple[float, tuple[float, float, float]] | None:
    called = tp + fp
    return (tp / called, (fp / called**2, 0.0, -tp / called**2)) if called else None


def _recall(tp: float, fn: float, _: float) -> tuple[float, tuple[float, float, float]] | None:
    size = tp + fn
    return (tp / size, (fn / size**2, -tp / size**2, 0.0)) if size else None


def _f1(tp: float, fn: float, fp: float) -> tuple[float, tuple[float, float, float]] | None:
    size = 2 * tp + fn + fp
    slopes = (2 * (fn + fp) / size**2, *[-2 * tp / size**2] * 2) if size else ()
    return (2 * tp / size, (slopes[0], slopes[1], slopes[2])) if size else None


# --- Both models -----------------------------------------------------------


def _compared(figure: _Figure, cells: _Cells, width: float, *, apart: bool = False) -> Compared:
    ours, theirs = _value(figure, cells, _IN_BASELINE), _value(figure, cells, _IN_OPTIMIZED)
    if ours is None or theirs is None:
        return Compared(baseline=ours, optimized=theirs, difference=None, lower=None, upper=None)
    center, deviation = _spread(figure, cells + ADDED, apart=apart)
    return Compared(
        baseline=ours,
        optimized=theirs,
        difference=theirs - ours,
        lower=max(-1.0, center - width * deviation),
        upper=min(1.0, center + width * deviation),
    )


def _macro(cells: Sequence[_Cells], width: float) -> Compared:
    """Average the F1 of the classes; of the deviations too, as if they were one."""
    each = [_compared(_f1, of_class, width) for of_class in cells]
    ours = [one.baseline for one in each if one.baseline is not None]
    theirs = [one.optimized for one in each if one.optimized is not None]
    if not ours or len(ours) < len(each) or len(theirs) < len(each):
        return Compared(baseline=None, optimized=None, difference=None, lower=None, upper=None)
    spreads = [_spread(_f1, of_class + ADDED) for of_class in cells]
    center = fmean(middle for middle, _ in spreads)
    deviation = fmean(size for _, size in spreads)
    return Compared(
        baseline=fmean(ours),
        optimized=fmean(theirs),
        difference=fmean(theirs) - fmean(ours),
        lower=max(-1.0, center - width * deviation),
        upper=min(1.0, center + width * deviation),
    )


def _value(figure: _Figure, cells: _Cells, model: _Cells) -> float | None:
    found = figure(*_counts(cells, model))
    return None if found is None else found[0]


def _counts(cells: _Cells, model: _Cells) -> tuple[float, float, float]:
    """Return one model's true positives, false negatives and false positives."""
    missed, alarms = cells[:4], cells[4:]
    return float(missed @ (1 - model)), float(missed @ model), float(alarms @ model)


def _spread(figure: _Figure, cells: _Cells, *, apart: bool = False) -> tuple[float, float]:
    """
    Return the difference of both models' figures, and its standard deviation.

    A figure is of degree 0 in the counts, so that the mean of its slope over the pairs is 0
    (Euler), and the variance is the sum of the squared slopes. `apart`: the misses and the false
    alarms are not of different pairs, and their deviations add.
    """
    values, slopes = [], []
    for model in (_IN_BASELINE, _IN_OPTIMIZED):
        found = figure(*_counts(cells, model))
        if found is None:  # not with something added to each cell
            return 0.0, math.inf
        value, (of_tp, of_fn, of_fp) = found
        values.append(value)
        slopes.append(np.concatenate((of_tp * (1 - model) + of_fn * model, of_fp * model)))
    squares = cells * (slopes[1] - slopes[0]) ** 2
    parts = (squares[:4].sum(), squares[4:].sum()) if apart else (squares.sum(),)
    return values[1] - values[0], sum(math.sqrt(part) for part in parts)
