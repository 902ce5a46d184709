"""
An observation is checked, and becomes two figures: all that is counted of it.

It runs for every metric of every pair, so it looks only. What the figures add to an account is
worked out for many at once (outcomes.py).

Rule: what is not refused here fits its metric, and its account.
"""

from __future__ import annotations

import math

from collections.abc import Callable
from typing import TypeAlias

from shadowmon.evidence.knots import UNIT_SPAN, Span
from shadowmon.records import Metric, MetricKind, Observation


Figures: TypeAlias = tuple[float, float]
"""Baseline's and optimized's, yes being 1; or a distance, and 0."""

MISSING: Figures = (math.nan, math.nan)
"""Of what could not be measured. NaN is refused as a figure."""

_VERDICTS: dict[tuple[float | None, float | None], Figures] = {
    (baseline, optimized): (float(baseline), float(optimized))
    for baseline in (False, True)
    for optimized in (False, True)
}

Reader: TypeAlias = Callable[[Observation, Metric], Figures]
"""Does what `figures` does, for metrics of one kind."""


def figures(observation: Observation, metric: Metric) -> Figures:
    """
    Return what is counted of an observation.

    Raises:
        ValueError: If the observation has not the form that its metric's kind asks for, or a value
            is outside its range.

    """
    return reader(metric)(observation, metric)


def reader(metric: Metric) -> Reader:
    """Return what reads a metric's observations: whoever reads many need not ask each time."""
    return _READERS[metric.kind]


# --- For each kind ---------------------------------------------------------


def _scores(observation: Observation, metric: Metric) -> Figures:
    baseline, optimized = observation.baseline, observation.optimized
    if baseline is None or optimized is None or observation.missing:
        return _missing(observation, metric)
    if observation.distance is not None:
        raise _misfit(observation, metric)
    # NaN fails here too. A float is compared faster with floats than with 0 and 1.
    if 0.0 <= baseline <= 1.0 and 0.0 <= optimized <= 1.0:
        return baseline, optimized
    raise _no_score(baseline, optimized, metric)


def _verdicts(observation: Observation, metric: Metric) -> Figures:
    baseline, optimized = observation.baseline, observation.optimized
    if baseline is None or optimized is None or observation.missing:
        return _missing(observation, metric)
    if observation.distance is not None:
        raise _misfit(observation, metric)
    found = _VERDICTS.get((baseline, optimized))
    if found is None:
        raise _no_verdict(baseline, optimized, metric)
    return found


def _distance(observation: Observation, metric: Metric) -> Figures:
    distance = observation.distance
    if distance is None or observation.missing:
        return _missing(observation, metric)
    if observation.baseline is not None or observation.optimized is not None:
        raise _misfit(observation, metric)
    if metric.lower <= distance <= metric.upper:
        return distance, 0.0
    raise _outside(metric, "distance", distance, (metric.lower, metric.upper))


def _missing(observation: Observation, metric: Metric) -> Figures:
    """Read an observation that says nothing else."""
    values = observation.baseline, observation.optimized, observation.distance
    if values != (None, None, None) or not observation.missing:
        raise _misfit(observation, metric)
    return MISSING


_READERS: dict[MetricKind, Reader] = {
    MetricKind.SCORES: _scores,
    MetricKind.VERDICTS: _verdicts,
    MetricKind.DIVERGENCE: _distance,
}


# --- What is refused -------------------------------------------------------


def _no_score(baseline: float, optimized: float, metric: Metric) -> ValueError:
    if 0 <= baseline <= 1:
        return _outside(metric, "optimized", optimized, UNIT_SPAN)
    return _outside(metric, "baseline", baseline, UNIT_SPAN)


def _no_verdict(baseline: float, optimized: float, metric: Metric) -> ValueError:
    name, value = ("optimized", optimized) if baseline in {0, 1} else ("baseline", baseline)
    return ValueError(f"metric {metric.name!r}: {name} is {value}, allowed is True or False")


def _outside(metric: Metric, name: str, value: float, span: Span) -> ValueError:
    allowed = f"{span[0]:g} to {span[1]:g}"
    return ValueError(f"metric {metric.name!r}: {name} is {value}, allowed is {allowed}")


_FORMS = {
    MetricKind.VERDICTS: "both baseline and optimized",
    MetricKind.DIVERGENCE: "distance",
    MetricKind.SCORES: "both baseline and optimized",
}


def _misfit(observation: Observation, metric: Metric) -> ValueError:
    form = {
        name: value
        for name in ("baseline", "optimized", "distance", "missing")
        if (value := getattr(observation, name)) not in {None, ""}
    }
    return ValueError(
        f"metric {metric.name!r}: found {form or 'nothing'}, allowed for a {metric.kind} metric is "
        f"{_FORMS[metric.kind]}, or missing alone"
    )
