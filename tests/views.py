"""What a daemon shows: one trial at 10 %, some figures, a few rules; and a journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Decision,
    Entry,
    EntryKind,
    Evidence,
    Grade,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    Phase,
    Reason,
    RolloutState,
    RouteName,
    Side,
    SliceName,
    TrialId,
    Verdict,
    Weight,
    Worse,
)
from shadowmon.store.store import Row
from shadowmon.view import DaemonView, Figure, RuleView, TrialView
from tests.factories import NOON
from tests.trials import a_course


INT8 = TrialId("int8")
CORRECT = Metric(
    name=MetricName("correct"),
    kind=MetricKind.VERDICTS,
    worse=Worse.LOWER,
    sentence="The model says what the label says.",
)


def a_claim(side: Side = Side.BETTER, limit: float = 0.05, **changes: Any) -> Claim:
    """Return the claim that the loss of correct answers is below (or above) 5 %."""
    claim = Claim(
        metric=CORRECT.name,
        slice=EVERYTHING,
        contrast=Contrast.RELATIVE_DROP,
        limit=limit,
        side=side,
    )
    return replace(claim, **changes)


def a_rule_view(
    name: str = "quality", side: Side = Side.BETTER, log_e: float = 1.5, **changes: Any
) -> RuleView:
    """Return a rule half-way to its need (a logarithm of 3)."""
    evidence = Evidence(
        claim=a_claim(side),
        kind=MetricKind.VERDICTS,
        log_e_value=log_e,
        count=2310,
        missing=4,
        baseline_rate=0.97,
        optimized_rate=0.96,
        estimate=0.0103,
        lower=-0.002,
        upper=0.022,
        counts=(2200, 40, 17, 53, 4),
    )
    view = RuleView(rule=name, evidence=evidence, log_e_needed=3.0, weight=1.0)
    return replace(view, **changes)


def a_reason(rule: RuleView, **changes: Any) -> Reason:
    """Return what a verdict says of a rule."""
    evidence = rule.evidence
    reason = Reason(
        rule=rule.rule,
        grade=Grade.WAIT,
        claim=evidence.claim,
        estimate=evidence.estimate,
        lower=evidence.lower,
        upper=evidence.upper,
        count=evidence.count,
        log_e_value=evidence.log_e_value,
        log_e_needed=rule.log_e_needed,
        sentence=f"{rule.rule}: not proven yet",
        counts=evidence.counts,
        recompute={"weight_in_average": 0.5} if evidence.claim.side is Side.WORSE else {},
    )
    return replace(reason, **changes)


def a_figure(**changes: Any) -> Figure:
    """Return the figure of correct answers, between its limits."""
    figure = Figure(
        metric=CORRECT,
        slice=EVERYTHING,
        contrast=Contrast.RELATIVE_DROP,
        count=2310,
        missing=4,
        baseline_rate=0.97,
        optimized_rate=0.96,
        estimate=0.0103,
        lower=-0.002,
        upper=0.022,
        acceptable=0.05,
        red_line=0.05,
    )
    return replace(figure, **changes)


def a_verdict(*rules: RuleView, **changes: Any) -> Verdict:
    """Return a verdict that holds, with a reason for each rule."""
    verdict = Verdict(
        trial_id=INT8,
        epoch=2,
        decision=Decision.HOLD,
        grade=Grade.WAIT,
        sentence="hold: quality is not proven yet",
        reasons=tuple(map(a_reason, rules)),
        decided_at=NOON,
    )
    return replace(verdict, **changes)


def a_trial_view(**changes: Any) -> TrialView:
    """Return a trial at 10 %, the second of four stages; any field may be named."""
    rules = (
        a_rule_view(),
        a_rule_view("core_quality", Side.WORSE, float("-inf"), weight=0.5),
        a_rule_view("edge_slice", Side.WORSE, 0.3, weight=0.5, armed=False),
    )
    state = RolloutState(
        trial_id=INT8,
        epoch=2,
        phase=Phase.PROGRESSING,
        paused=False,
        stage_index=1,
        stage_count=4,
        desired_weight=Weight(1000),
        applied_weight=Weight(1000),
        entered_stage_at=NOON - timedelta(seconds=1),
    )
    view = TrialView(
        trial_id=INT8,
        number=0,
        route=RouteName("digits"),
        baseline=ModelName("fp32"),
        optimized=ModelName("int8"),
        version="1",
        task="classification",
        actuator="proxy",
        truth="labels",
        primary=CORRECT.name,
        course=a_course(1, 10, 50, 100, min_pairs=200, min_dwell_seconds=600),
        state=state,
        verdict=a_verdict(*rules),
        figures=(a_figure(), a_figure(slice=SliceName("bank"), acceptable=None, red_line=0.2)),
        rules=rules,
        log_e_roll_back=0.25,
        log_e_roll_back_needed=4.6,
        pairs=2310,
        pairs_in_stage=310,
        last_pair_at=NOON - timedelta(seconds=3),
    )
    return replace(view, **changes)


def a_view(*trials: TrialView, **changes: Any) -> DaemonView:
    """Return a daemon that is well; without a trial named it has the one."""
    view = DaemonView(
        at=NOON,
        started_at=NOON - timedelta(hours=1),
        version="0.1.0",
        trials=trials or (a_trial_view(),),
        funnel={"seen": 12_003, "unrouted": 0, "sampled_out": 10, "shed": 3, "scored": 11_990},
        tick_seconds=0.004,
        config_reload_at=NOON,
    )
    return replace(view, **changes)


def a_row(number: int, kind: EntryKind = EntryKind.STAGE_ENTERED, **changes: Any) -> Row:
    """Return a journal entry; its hashes are only as long as hashes are."""
    entry = Entry(at=NOON, trial_id=INT8, kind=kind, sentence=f"entry {number}", data={"n": number})
    return Row(
        number=number,
        entry=replace(entry, **changes),
        previous_hash=f"{number - 1:064x}",
        hash=f"{number:064x}",
    )


def a_verdict_row(number: int, verdict: Verdict) -> Row:
    """Return a verdict as `trial.py` journals it and a store gives it back."""
    reasons = msgspec.to_builtins(verdict.reasons)
    for reason in reasons:
        if reason["log_e_value"] == float("-inf"):
            reason["log_e_value"] = "-Infinity"
    data = {
        "decision": verdict.decision.value,
        "grade": verdict.grade.value,
        "epoch": verdict.epoch,
        "log_e_roll_back": 0.25,
        "reasons": reasons,
    }
    return a_row(number, EntryKind.VERDICT, sentence=verdict.sentence, data=data)
