"""Trials to try things on: a classification judged by labels, with small numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.policy.rules import CORRECT, ERROR, Subject, rules_for
from shadowmon.policy.settings import PolicySettings, Task
from shadowmon.records import (
    NO_TRAFFIC,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    Phase,
    RolloutState,
    RouteName,
    Scope,
    SliceName,
    Stage,
    StageName,
    TrialId,
    Weight,
    Worse,
)
from shadowmon.rollout.course import Course
from shadowmon.rollout.ladder import Ladder
from shadowmon.rollout.machine import begin
from shadowmon.trial.plan import TrialPlan


INT8 = TrialId("int8")
UNSAFE = MetricName("unsafe")

METRICS = {
    CORRECT: Metric(
        name=CORRECT,
        kind=MetricKind.VERDICTS,
        worse=Worse.LOWER,
        sentence="Says what the label says.",
    ),
    ERROR: Metric(
        name=ERROR, kind=MetricKind.VERDICTS, scope=Scope.STAGE, sentence="Failed to answer."
    ),
    UNSAFE: Metric(name=UNSAFE, kind=MetricKind.VERDICTS, sentence="Broke a safety rule."),
}


def a_ladder(*percents: int, min_pairs: int = 0, min_dwell_seconds: float = 0) -> Ladder:
    """Return a ladder with these rungs."""

    def stage(name: str, weight: int) -> Stage:
        return Stage(
            name=StageName(name),
            weight=Weight(weight),
            min_pairs=min_pairs,
            min_dwell_seconds=min_dwell_seconds,
        )

    return Ladder(stage("shadow", NO_TRAFFIC), tuple(stage(f"{p}%", p * 100) for p in percents))


def a_course(*percents: int, **rest: Any) -> Course:
    """Return a course over these rungs."""
    return Course(ladder=a_ladder(*percents, **rest), cooldown_seconds=60)


def a_state(now: datetime, **changes: Any) -> RolloutState:
    """Return a rollout in the shadow whose weight (none) is applied; any field may be named."""
    return replace(begin(INT8, now=now), **({"applied_weight": NO_TRAFFIC} | changes))


def a_plan(
    *, policy: PolicySettings | None = None, edge: tuple[str, ...] = (), **changes: Any
) -> TrialPlan:
    """Return a plan of a classification with labels; any field may be named."""
    subject = Subject(
        task=Task.CLASSIFICATION,
        metrics=METRICS,
        primary=CORRECT,
        edge_slices=tuple(SliceName(each) for each in edge),
    )
    plan = TrialPlan(
        trial_id=INT8,
        route=RouteName("digits"),
        baseline=ModelName("fp32"),
        optimized=ModelName("int8"),
        version="1",
        task=Task.CLASSIFICATION.value,
        truth="labels",
        primary=CORRECT,
        metrics=METRICS,
        rules=rules_for(policy or PolicySettings(), subject),
        course=a_course(1, 10, 50, 100, min_pairs=100, min_dwell_seconds=10),
        evidence=EvidenceSettings(),
        skipped={Phase.BENCHMARK: "not today"},
    )
    return replace(plan, **changes)
