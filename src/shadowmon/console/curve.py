"""
Cost against quality, measured: one point for each trial, beside what others published.

Rule 1: a cost ratio is of the very pairs that both have a cost: what both models took for the same
        requests. Where a model has no price there is none.
Rule 2: quality is what is kept of the baseline's, with the interval of the trial's own figure. Of a
        divergence it is agreement; `truth` says what the primary metric is held against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from shadowmon.console.answers import as_json
from shadowmon.console.desk import Desk
from shadowmon.console.reference_points import REFERENCE_POINTS, ReferencePoint
from shadowmon.console.shapes import number
from shadowmon.records import EVERYTHING, Contrast
from shadowmon.view import DaemonView, Figure, TrialView


CURVE_PATH = "/api/v1/curve"
COST = "pair_cost_total"
"""Counter (trial, arm): what each arm's replies cost, over pairs of which both have a cost."""

_KEPT = frozenset((Contrast.RELATIVE_DROP, Contrast.MEAN))
"""Of these figures one minus them is a share that is kept."""


def curve(view: DaemonView) -> dict[str, Any]:
    """Return every trial's point, and the published ones."""
    costs = _costs(view)
    return {
        "trials": [_point(trial, costs) for trial in view.trials],
        "references": [_reference(point) for point in REFERENCE_POINTS],
    }


def _costs(view: DaemonView) -> Mapping[tuple[str, ...], float]:
    costs: dict[tuple[str, ...], float] = {}
    for sample in view.samples:
        if sample.name == COST:
            costs[sample.labels] = costs.get(sample.labels, 0.0) + sample.value
    return costs


def _point(trial: TrialView, costs: Mapping[tuple[str, ...], float]) -> dict[str, Any]:
    ours = costs.get((trial.trial_id, "optimized"))
    theirs = costs.get((trial.trial_id, "baseline"))
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
    return {
        "trial": trial.trial_id,
        "baseline": trial.baseline,
        "optimized": trial.optimized,
        "metric": trial.primary,
        "truth": trial.truth,
        "pairs": trial.pairs,
        "cost_ratio": number(ours / theirs) if ours is not None and theirs else None,
        "quality": None if figure is None else _quality(figure),
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
