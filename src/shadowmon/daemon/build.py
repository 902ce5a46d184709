"""Composition root: settings to the parts of a daemon. The only file that knows every room."""

from __future__ import annotations

from datetime import timedelta

from shadowmon import plugins
from shadowmon.actuators.actuator import Actuator
from shadowmon.config.measures import metrics_of, primary_of
from shadowmon.config.settings import LabelCoverage, Settings, TrialSettings
from shadowmon.daemon.labels import LabelRule
from shadowmon.ipc.board import Board
from shadowmon.policy.rules import CORRECT, Subject, rules_for
from shadowmon.proxy.plan import PlannedRoute, PlannedTrial, encode, make_plan, planned_model
from shadowmon.records import (
    NO_TRAFFIC,
    ModelName,
    Phase,
    RouteName,
    SliceName,
    Stage,
    StageName,
    TrialId,
    Weight,
)
from shadowmon.rollout.ladder import Ladder
from shadowmon.rollout.machine import Course
from shadowmon.rollout.settings import Gate, RolloutSettings, StageSettings
from shadowmon.sticky import SPAN
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.settings import RouteSettings
from shadowmon.trial.plan import TrialPlan


# --- trials ---


def trial_plans(settings: Settings) -> tuple[TrialPlan, ...]:
    """Return each trial's plan; a trial's place here is its number on the board."""
    return tuple(_trial_plan(settings, name, trial) for name, trial in settings.trials.items())


def _trial_plan(settings: Settings, name: str, trial: TrialSettings) -> TrialPlan:
    rollout = trial.rollout or settings.rollout
    metrics = metrics_of(settings, trial)
    primary = primary_of(settings, trial)
    subject = Subject(
        task=trial.task,
        metrics=metrics,
        primary=primary,
        edge_slices=tuple(
            SliceName(each) for each, rule in settings.traffic.slices.items() if rule.edge
        ),
    )
    return TrialPlan(
        trial_id=TrialId(name),
        route=RouteName(trial.route),
        baseline=ModelName(settings.routes[trial.route].baseline),
        optimized=ModelName(trial.optimized),
        version=trial.version,
        task=trial.task.value,
        truth="labels" if primary == CORRECT else "the baseline's own answer",
        primary=primary,
        metrics=metrics,
        rules=rules_for(trial.policy, subject),
        course=_course(rollout),
        evidence=settings.evidence,
        rates=rates_of(settings, trial.route),
        skipped=_skipped(rollout),
    )


def _course(rollout: RolloutSettings) -> Course:
    shadow = Stage(
        name=StageName("shadow"),
        weight=NO_TRAFFIC,
        min_pairs=rollout.shadow_min_pairs,
        min_dwell_seconds=rollout.shadow_min_dwell_seconds,
    )
    return Course(
        ladder=Ladder(shadow=shadow, stages=tuple(map(_stage, rollout.stages))),
        cooldown_seconds=rollout.cooldown_seconds,
        may_climb=rollout.climb,
    )


def _stage(stage: StageSettings) -> Stage:
    return Stage(
        name=StageName(f"{stage.percent:g}%"),
        weight=Weight(round(stage.percent * 100)),
        min_pairs=stage.min_pairs,
        min_dwell_seconds=stage.min_dwell_seconds,
    )


def _skipped(rollout: RolloutSettings) -> dict[Phase, str]:
    gates = {Phase.BENCHMARK: rollout.benchmark, Phase.SIDE_BY_SIDE: rollout.side_by_side}
    return {phase: rollout.skip_reason for phase, gate in gates.items() if gate is Gate.SKIP}


def label_rules(settings: Settings) -> dict[TrialId, LabelRule]:
    """Return how each trial that expects labels treats them."""
    return {
        TrialId(name): LabelRule(
            maturity=timedelta(seconds=trial.labels.maturity_seconds),
            covers_all=trial.labels.expected is LabelCoverage.ALL,
        )
        for name, trial in settings.trials.items()
        if trial.labels.expected is not LabelCoverage.NONE
    }


def actuators(settings: Settings, board: Board) -> dict[TrialId, Actuator]:
    """Return what moves each trial's traffic."""
    return {
        TrialId(name): plugins.load("actuators", trial.actuator, key=f"trials.{name}.actuator")(
            board, number
        )
        for number, (name, trial) in enumerate(settings.trials.items())
    }


# --- traffic ---


def codecs(settings: Settings) -> dict[RouteName, Codec]:
    """Return each route's codec."""
    return {
        RouteName(name): plugins.load("codecs", route.codec, key=f"routes.{name}.codec")(
            route.codec_settings
        )
        for name, route in settings.routes.items()
    }


def trials_on(settings: Settings, route: str) -> list[tuple[int, str, TrialSettings]]:
    """Return (number on the board, name, settings) of each trial on a route."""
    return [
        (number, name, trial)
        for number, (name, trial) in enumerate(settings.trials.items())
        if trial.route == route
    ]


def proxy_plan(settings: Settings, *, worker: int, parent_pid: int) -> bytes:
    """Return what one data-plane worker must know, as its process reads it."""
    plan = make_plan(
        proxy=settings.proxy,
        sampling_salt=settings.traffic.sampling_salt,
        models=[planned_model(name, model.url) for name, model in settings.models.items()],
        routes=[_planned_route(settings, name, route) for name, route in settings.routes.items()],
        trials=[
            PlannedTrial(number=number, route=trial.route, optimized=trial.optimized)
            for number, trial in enumerate(settings.trials.values())
        ],
        worker=worker,
        drain_seconds=settings.daemon.drain_seconds,
        parent_pid=parent_pid,
    )
    return encode(plan)


def rates_of(settings: Settings, route: str) -> tuple[int, ...]:
    """Return every rate, in basis points, at which a route's requests may be sampled."""
    slices = [each.sample_rate for each in settings.traffic.slices.values()]
    rates = [settings.routes[route].sample_rate, *(rate for rate in slices if rate is not None)]
    # A route that samples nothing of its own still may have slices that are sampled.
    return tuple(sorted({round(rate * SPAN) for rate in rates} - {0}, reverse=True)) or (SPAN,)


def first_rate(settings: Settings, route: str) -> float:
    """
    Return the share of a route's requests that is handed over at all.

    What a request's slices are is known only once it was read; then it is thinned to its own rate.
    """
    slices = [each.sample_rate or 0.0 for each in settings.traffic.slices.values()]
    return max(settings.routes[route].sample_rate, *slices, 0.0)


def _planned_route(settings: Settings, name: str, route: RouteSettings) -> PlannedRoute:
    return PlannedRoute(
        name=name,
        path_prefix=route.path_prefix,
        baseline=route.baseline,
        sticky_header=route.sticky.header,
        sticky_cookie=route.sticky.cookie,
        request_id_header=route.request_id_header,
        sample_rate=first_rate(settings, name),
    )
