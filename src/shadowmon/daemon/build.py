"""Composition root: settings to the parts of a daemon. The only file that knows every room."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from shadowmon import plugins
from shadowmon.actuators.actuator import Actuator
from shadowmon.config.settings import LabelCoverage, Settings, TrialSettings
from shadowmon.daemon.labels import LabelRule
from shadowmon.ipc.board import Board
from shadowmon.policy.rules import CORRECT, Subject, rules_for
from shadowmon.policy.settings import Task
from shadowmon.proxy.plan import PlannedRoute, PlannedTrial, encode, make_plan, planned_model
from shadowmon.records import (
    NO_TRAFFIC,
    Metric,
    MetricName,
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
from shadowmon.scoring import truth
from shadowmon.scoring.tasks import scorers_for
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.settings import RouteSettings
from shadowmon.trial import TrialPlan


SERVICE = "service"
"""Always among a trial's scorers: whether a model failed to answer is counted for every pair."""

_WITHOUT_TRUTH: Mapping[Task, str] = {
    Task.CLASSIFICATION: "disagreement",
    Task.EXTRACTION: "field_divergence",
}
_ANY_TEXT = "chrf_divergence"


# --- trials ---


def scorers_of(trial: TrialSettings) -> tuple[str, ...]:
    """Return the names of the scorers that run on a trial's pairs."""
    named = trial.scorers or tuple(scorers_for(trial.task.value))
    return named if SERVICE in named else (*named, SERVICE)


def metrics_of(settings: Settings, trial: TrialSettings) -> dict[MetricName, Metric]:
    """Return every metric that may be observed of a trial."""
    metrics: dict[MetricName, Metric] = {}
    for name in scorers_of(trial):
        scorer = plugins.load("scorers", name, key="trials.scorers")(settings.scoring)
        metrics |= {metric.name: metric for metric in scorer.metrics}
    if trial.labels.expected is not LabelCoverage.NONE:
        metrics[truth.CORRECT.name] = truth.CORRECT
    return metrics


def primary_of(trial: TrialSettings) -> MetricName:
    """Return the metric that a trial is judged by."""
    if trial.policy.primary:
        return MetricName(trial.policy.primary)
    if trial.labels.expected is not LabelCoverage.NONE:
        return CORRECT
    return MetricName(_WITHOUT_TRUTH.get(trial.task, _ANY_TEXT))


def trial_plans(settings: Settings) -> tuple[TrialPlan, ...]:
    """Return each trial's plan; a trial's place here is its number on the board."""
    return tuple(_trial_plan(settings, name, trial) for name, trial in settings.trials.items())


def _trial_plan(settings: Settings, name: str, trial: TrialSettings) -> TrialPlan:
    rollout = trial.rollout or settings.rollout
    metrics = metrics_of(settings, trial)
    primary = primary_of(trial)
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
        routes=[_planned_route(name, route) for name, route in settings.routes.items()],
        trials=[
            PlannedTrial(number=number, route=trial.route, optimized=trial.optimized)
            for number, trial in enumerate(settings.trials.values())
        ],
        worker=worker,
        drain_seconds=settings.daemon.drain_seconds,
        parent_pid=parent_pid,
    )
    return encode(plan)


def _planned_route(name: str, route: RouteSettings) -> PlannedRoute:
    return PlannedRoute(
        name=name,
        path_prefix=route.path_prefix,
        baseline=route.baseline,
        sticky_header=route.sticky.header,
        sticky_cookie=route.sticky.cookie,
        request_id_header=route.request_id_header,
        sample_rate=route.sample_rate,
    )
