"""Composition root: settings to the parts of a daemon. The only file that knows every room."""

from __future__ import annotations

from datetime import time, timedelta

from shadowmon import plugins
from shadowmon.actuators.actuator import Actuator, Place
from shadowmon.assessors.assessor import Assessor
from shadowmon.assessors.judge import rates_of as rates_of_judge
from shadowmon.clock import Clock
from shadowmon.config.meaning import meaning_of
from shadowmon.config.measures import assessors_of, metrics_of, primary_of
from shadowmon.config.settings import LabelCoverage, Settings, TrialSettings
from shadowmon.daemon.labels import LabelRule
from shadowmon.daemon.rates import rates_of
from shadowmon.evidence.sampling import both
from shadowmon.ipc.board import Board
from shadowmon.policy.rules import CORRECT, Subject, rules_for
from shadowmon.records import (
    NO_TRAFFIC,
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
from shadowmon.rollout.course import Course
from shadowmon.rollout.ladder import Ladder
from shadowmon.rollout.settings import Gate, RolloutSettings, StageSettings, WindowSettings
from shadowmon.rollout.windows import Window
from shadowmon.scoring.preference import PREFERENCE
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.trial.feedback import FeedbackRule
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
        rates_of_metric=_rates_of_metric(settings, trial),
        skipped=_skipped(rollout),
        feedback=_feedback(settings, trial),
        meaning=meaning_of(settings, name),
    )


def _feedback(settings: Settings, trial: TrialSettings) -> FeedbackRule | None:
    given = trial.policy.feedback
    if given is None:
        return None
    stages = len((trial.rollout or settings.rollout).stages)
    alpha = settings.evidence.alpha_promote / stages  # each stage is judged anew
    return FeedbackRule(rise=given.rise, climb=given.climb, alpha=alpha)


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
        phases=(*_gates(rollout, Gate.REQUIRE), Phase.SHADOWING),
        windows=tuple(map(_window, rollout.windows)),
    )


def _stage(stage: StageSettings) -> Stage:
    return Stage(
        name=StageName(f"{stage.percent:g}%"),
        weight=Weight(round(stage.percent * 100)),
        min_pairs=stage.min_pairs,
        min_dwell_seconds=stage.min_dwell_seconds,
        needs_approval=stage.approval,
    )


def _window(window: WindowSettings) -> Window:
    return Window(
        days=tuple(window.days),
        begin=time.fromisoformat(window.begin),
        end=time.min if window.end == "24:00" else time.fromisoformat(window.end),
        zone=window.zone,
    )


def _skipped(rollout: RolloutSettings) -> dict[Phase, str]:
    return dict.fromkeys(_gates(rollout, Gate.SKIP), rollout.skip_reason)


def _gates(rollout: RolloutSettings, which: Gate) -> tuple[Phase, ...]:
    """Return the phases before the shadow that are skipped, or required, in order."""
    gates = {Phase.BENCHMARK: rollout.benchmark, Phase.SIDE_BY_SIDE: rollout.side_by_side}
    return tuple(phase for phase, gate in gates.items() if gate is which)


def label_rules(settings: Settings) -> dict[TrialId, LabelRule]:
    """Return how each trial that expects labels treats them."""
    return {
        TrialId(name): LabelRule(
            maturity=timedelta(seconds=trial.labels.maturity_seconds),
            covers_all=trial.labels.expected is LabelCoverage.ALL,
            truth=trial.truth,
            classes=trial.labels.classes,
        )
        for name, trial in settings.trials.items()
        if trial.labels.expected is not LabelCoverage.NONE
    }


def actuators(settings: Settings, board: Board, clock: Clock) -> dict[TrialId, Actuator]:
    """Return what moves each trial's traffic; nothing is contacted yet."""
    found: dict[TrialId, Actuator] = {}
    for number, (name, trial) in enumerate(settings.trials.items()):
        kind: type[Actuator] = plugins.load(
            "actuators", trial.actuator_type, key=f"trials.{name}.actuator"
        )
        place = Place(
            trial_id=TrialId(name),
            number=number,
            route=RouteName(trial.route),
            baseline=ModelName(settings.routes[trial.route].baseline),
            optimized=ModelName(trial.optimized),
            board=board,
            clock=clock,
        )
        found[place.trial_id] = kind.of(kind.Settings(**trial.actuator_options), place)
    return found


# --- assessors ---


def assessor(name: str, settings: Settings, clock: Clock) -> Assessor:
    """
    Return an assessor that is configured, by its key under `assessors`; nothing is opened yet.

    Raises:
        ConfigError: If it cannot be used as it is configured.

    """
    # Each brings libraries along that a daemon without it should not load.
    given = settings.assessors
    if name == "semantic" and given.semantic:
        from shadowmon.assessors.semantic import SemanticAssessor  # noqa: PLC0415

        return SemanticAssessor(given.semantic, clock)
    if name == "moderation" and given.moderation:
        from shadowmon.assessors.moderation import ModerationAssessor  # noqa: PLC0415

        return ModerationAssessor(given.moderation, clock)
    if name == "judge" and given.judge:
        from shadowmon.assessors.judge import JudgeAssessor  # noqa: PLC0415

        tasks = {TrialId(each): trial.task.value for each, trial in settings.trials.items()}
        return JudgeAssessor(given.judge, clock, tasks=tasks)
    if name == "sandbox" and given.sandbox:
        from shadowmon.assessors.code_tests import CodeTestsAssessor  # noqa: PLC0415

        return CodeTestsAssessor(given.sandbox, clock)
    if name == "lint" and given.lint:
        from shadowmon.assessors.lint import LintAssessor  # noqa: PLC0415

        return LintAssessor(given.lint)
    if name == "symbolic_math" and given.symbolic_math:
        from shadowmon.assessors.symbolic_math import SymbolicMathAssessor  # noqa: PLC0415

        return SymbolicMathAssessor(given.symbolic_math, clock)
    msg = f"no assessor {name} is configured"
    raise ValueError(msg)


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


def _rates_of_metric(settings: Settings, trial: TrialSettings) -> dict[MetricName, tuple[int, ...]]:
    """Return the rates of what is not measured on every sampled pair."""
    judge = settings.assessors.judge
    if judge is None or "judge" not in assessors_of(settings, trial):
        return {}
    rates = rates_of(settings, trial.route)
    together = {both(rate, judged) for rate in rates for judged in rates_of_judge(judge)}
    return {PREFERENCE: tuple(sorted(together, reverse=True))}
