"""
Cost against quality, measured: one point for each trial, beside what others published.

Rule 1: a cost ratio is of the very pairs that both have a cost: what both models took for the same
        requests, since the daemon was started. Where a model has no price there is none.
Rule 2: quality is what is kept of the baseline's, with the interval of the trial's own figure. Of a
        divergence it is agreement; `truth` says what the primary metric is held against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from aiohttp import web

from shadowmon.console.answers import as_json
from shadowmon.console.cost_ratio import Costs, Ratio, cost_ratio
from shadowmon.console.desk import Desk
from shadowmon.console.reference_points import REFERENCE_POINTS, ReferencePoint
from shadowmon.console.shapes import number
from shadowmon.records import EVERYTHING, Contrast, TrialId
from shadowmon.view import DaemonView, Figure, TrialView


CURVE_PATH = "/api/v1/curve"
_SUM, _COUNT, _SQUARES = "pair_cost_total", "pair_costs_total", "pair_cost_squares_total"
"""Counters (trial; but for the count also which arm), over pairs of which both have a cost."""

_KEPT = frozenset((Contrast.RELATIVE_DROP, Contrast.MEAN))
"""Of these figures one minus them is a share that is kept."""


def curve(view: DaemonView) -> dict[str, Any]:
    """Return every trial's point, and the published ones."""
    counted = _counted(view)
    return {
        "trials": [_point(trial, _costs(counted, trial.trial_id)) for trial in view.trials],
        "references": [_reference(point) for point in REFERENCE_POINTS],
    }


_Counted: TypeAlias = Mapping[tuple[str, tuple[str, ...]], float]


def _counted(view: DaemonView) -> _Counted:
    """Add up what all processes counted of costs."""
    counted: defaultdict[tuple[str, tuple[str, ...]], float] = defaultdict(float)
    for sample in view.samples:
        if sample.name in {_SUM, _COUNT, _SQUARES}:
            counted[sample.name, sample.labels] += sample.value
    return counted


def _costs(counted: _Counted, trial: TrialId) -> Costs:
    def of(name: str, *labels: str) -> float:
        return counted.get((name, (trial, *labels)), 0.0)

    return Costs(
        pairs=of(_COUNT),
        baseline=of(_SUM, "baseline"),
        optimized=of(_SUM, "optimized"),
        baseline_squares=of(_SQUARES, "baseline"),
        optimized_squares=of(_SQUARES, "optimized"),
        products=of(_SQUARES, "both"),
    )


def _point(trial: TrialView, costs: Costs) -> dict[str, Any]:
    figure = next(
        (
            each
            for each in trial.figures
            if each.metric.name == trial.primary
            and each.slice == EVERYTHING
            and each.contrast in _KEPT
        ),
        None,
    )
    ratio = cost_ratio(costs)
    return {
        "trial": trial.trial_id,
        "baseline": trial.baseline,
        "optimized": trial.optimized,
        "metric": trial.primary,
        "truth": trial.truth,
        "pairs": trial.pairs,
        "priced_pairs": round(costs.pairs),
        "cost_ratio": None if ratio is None else _interval(ratio),
        "quality": None if figure is None else _quality(figure),
    }


def _interval(ratio: Ratio) -> dict[str, float | None]:
    return {
        "estimate": number(ratio.estimate),
        "lower": number(ratio.lower),
        "upper": number(ratio.upper),
    }


def _quality(figure: Figure) -> dict[str, float | None]:
    """A loss's upper end is the lower end of what is kept."""
    return {
        "estimate": _kept(figure.estimate),
        "lower": _kept(figure.upper),
        "upper": _kept(figure.lower),
    }


def _kept(lost: float | None) -> float | None:
    return None if lost is None else number(1.0 - lost)


def _reference(point: ReferencePoint) -> dict[str, Any]:
    return {
        "name": point.name,
        "cost_ratio": point.cost_ratio,
        "weight_bits": point.weight_bits,
        "quality": {"lower": point.lower, "upper": point.upper},
        "source": point.source,
    }


class Curve:
    """The route."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [web.get(CURVE_PATH, self.curve)]

    async def curve(self, request: web.Request) -> web.Response:
        """Tell of cost against quality."""
        del request
        return as_json(curve(self._desk.view()))
