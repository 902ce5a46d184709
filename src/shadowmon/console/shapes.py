"""
The view as JSON: what the API answers, and what the terminal view and the command line read.

Rule 1: every number is finite or null; a natural logarithm of an e-value that is minus infinity is
null.
Rule 2: a weight is told in basis points and in percent; a time is RFC 3339 in UTC.
Rule 3: what is added here is added to console/openapi/schemas/; a test compares them.
"""

from __future__ import annotations

import math

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from shadowmon.console.classes import classification, mix
from shadowmon.records import Claim, Grade, Reason, RolloutState, Stage, Verdict, Weight
from shadowmon.rollout.freeze import Freeze
from shadowmon.store.store import Row
from shadowmon.view import DaemonView, Figure, RuleView, SliceView, TrialView


Json: TypeAlias = dict[str, Any]

_LOG_E_MAX = 700.0
"""exp() of more is beyond a float; there the e-value itself is null and its logarithm tells."""


def status(view: DaemonView) -> Json:
    """Return the daemon in short: is it well, how much has it seen, where does each trial stand?"""
    return {
        "at": timestamp(view.at),
        "started_at": timestamp(view.started_at),
        "version": view.version,
        "ready": not view.problems,
        "problems": list(view.problems),
        "store_problem": view.store_problem,
        "freeze": freeze(view.freeze),
        "config_reload_successful": view.config_reload_successful,
        "config_reload_at": timestamp(view.config_reload_at),
        "tick_seconds": number(view.tick_seconds),
        "funnel": dict(view.funnel),
        "trials": [_short(trial) for trial in view.trials],
    }


def freeze(found: Freeze | None) -> Json | None:
    """Return what is frozen; None if nothing is."""
    if found is None:
        return None
    return {
        "since": timestamp(found.since),
        "operator": found.operator,
        "reason": found.reason,
    }


def trials(view: DaemonView) -> Json:
    """Return every trial, whole."""
    return {"trials": [trial(one) for one in view.trials]}


def trial(view: TrialView) -> Json:
    """Return one trial: where it stands, its figures, and the race that each rule runs."""
    return {
        **_short(view),
        "number": view.number,
        "version": view.version,
        "actuator": view.actuator,
        "truth": view.truth,
        "primary": view.primary,
        "state": state(view.state),
        "stages": [_stage(stage, at, view.state) for at, stage in enumerate(view.stages)],
        "figures": [_figure(figure) for figure in view.figures],
        "rules": [_rule(rule) for rule in view.rules],
        "coverage": [_coverage(each) for each in view.coverage],
        "classification": classification(view.classification),
        "mix": mix(view.mix),
        "discoveries": list(view.discoveries),
        "roll_back": _race(view.log_e_roll_back, view.log_e_roll_back_needed),
        "feedback": None if view.feedback is None else dict(view.feedback),
    }


def _coverage(view: SliceView) -> Json:
    return {
        "slice": view.slice,
        "cover": view.cover,
        "planned_pairs": number(view.planned_pairs),
        "seen_pairs": view.seen_pairs,
    }


def _short(view: TrialView) -> Json:
    return {
        "id": view.trial_id,
        "route": view.route,
        "baseline": view.baseline,
        "optimized": view.optimized,
        "task": view.task,
        "phase": view.state.phase.value,
        "paused": view.state.paused,
        "desired_weight": weight(view.state.desired_weight),
        "applied_weight": weight(view.state.applied_weight),
        "pairs": view.pairs,
        "pairs_in_stage": view.pairs_in_stage,
        "last_pair_at": timestamp(view.last_pair_at),
        "blocked": view.blocked,
        "pending": list(view.pending),
        "verdict": _verdict(view.verdict) if view.verdict else None,
    }


def state(rollout: RolloutState) -> Json:
    """Return where a rollout stands."""
    return {
        "phase": rollout.phase.value,
        "paused": rollout.paused,
        "epoch": rollout.epoch,
        "stage_index": rollout.stage_index,
        "stage_count": rollout.stage_count,
        "desired_weight": weight(rollout.desired_weight),
        "applied_weight": weight(rollout.applied_weight),
        "entered_stage_at": timestamp(rollout.entered_stage_at),
        "cooldown_until": timestamp(rollout.cooldown_until),
    }


def _stage(stage: Stage, at: int, state: RolloutState) -> Json:
    return {
        "name": stage.name,
        "weight": weight(stage.weight),
        "min_pairs": stage.min_pairs,
        "min_dwell_seconds": number(stage.min_dwell_seconds),
        "present": at == state.stage_index,
    }


def _figure(figure: Figure) -> Json:
    return {
        "metric": figure.metric.name,
        "kind": figure.metric.kind.value,
        "worse": figure.metric.worse.value,
        "sentence": figure.metric.sentence,
        "slice": figure.slice,
        "contrast": figure.contrast.value,
        "count": figure.count,
        "missing": figure.missing,
        "baseline_rate": number(figure.baseline_rate),
        "optimized_rate": number(figure.optimized_rate),
        "estimate": number(figure.estimate),
        "lower": number(figure.lower),
        "upper": number(figure.upper),
        "acceptable": number(figure.acceptable),
        "red_line": number(figure.red_line),
    }


def _rule(rule: RuleView) -> Json:
    return {
        "rule": rule.rule,
        "claim": _claim(rule.evidence.claim),
        "armed": rule.armed,
        "breached": rule.breached,
        "alarm": rule.alarm,
        "weight_in_average": number(rule.weight),
        "count": rule.evidence.count,
        "missing": rule.evidence.missing,
        **_race(rule.evidence.log_e_value, rule.log_e_needed),
    }


def _verdict(verdict: Verdict) -> Json:
    return {
        "decision": verdict.decision.value,
        "grade": verdict.grade.value,
        "sentence": verdict.sentence,
        "epoch": verdict.epoch,
        "decided_at": timestamp(verdict.decided_at),
    }


# --- Explaining ------------------------------------------------------------


def explain(view: TrialView) -> Json:
    """Return all that a person needs to compute the present verdict again."""
    reasons = view.verdict.reasons if view.verdict else ()
    by_claim = {(reason.rule, reason.claim): reason for reason in reasons}
    rules = [
        _explained(rule, by_claim.get((rule.rule, rule.evidence.claim))) for rule in view.rules
    ]
    return {
        "trial": view.trial_id,
        "entry": None,
        "hash": None,
        "verdict": _verdict(view.verdict) if view.verdict else None,
        "rules": rules,
        "roll_back": _race(view.log_e_roll_back, view.log_e_roll_back_needed),
    }


def _explained(rule: RuleView, reason: Reason | None) -> Json:
    evidence = rule.evidence
    return {
        **_rule(rule),
        "grade": reason.grade.value if reason else None,
        "sentence": reason.sentence if reason else "",
        "estimate": number(evidence.estimate),
        "lower": number(evidence.lower),
        "upper": number(evidence.upper),
        "baseline_rate": number(evidence.baseline_rate),
        "optimized_rate": number(evidence.optimized_rate),
        "counts": list(evidence.counts),
        "recompute": clean(reason.recompute) if reason else {},
    }


def explain_entry(row: Row) -> Json:
    """Return the same of a verdict as it was journalled: its numbers are those of its time."""
    data = row.entry.data
    reasons = data.get("reasons", ())
    needs = [reason["log_e_needed"] for reason in reasons if _weight_of(reason) is not None]
    return {
        "trial": row.entry.trial_id,
        "entry": row.number,
        "hash": row.hash,
        "verdict": {
            "decision": data.get("decision"),
            "grade": data.get("grade"),
            "sentence": row.entry.sentence,
            "epoch": data.get("epoch"),
            "decided_at": timestamp(row.entry.at),
        },
        "rules": [
            _journalled(reason, breached=at == 0 and data.get("grade") == Grade.RED_LINE)
            for at, reason in enumerate(reasons)
        ],
        "roll_back": _race(data.get("log_e_roll_back"), needs[0] if needs else None),
    }


def _journalled(reason: Mapping[str, Any], *, breached: bool) -> Json:
    return {
        "rule": reason["rule"],
        "claim": clean(reason["claim"]),
        "armed": True,
        "breached": breached or reason["grade"] == Grade.RED_LINE,
        "alarm": False,
        "weight_in_average": number(_weight_of(reason)),
        "count": reason["count"],
        "missing": None,
        **_race(reason["log_e_value"], reason["log_e_needed"]),
        "grade": reason["grade"],
        "sentence": reason["sentence"],
        "estimate": number(reason["estimate"]),
        "lower": number(reason["lower"]),
        "upper": number(reason["upper"]),
        "baseline_rate": None,
        "optimized_rate": None,
        "counts": list(reason["counts"]),
        "recompute": clean(reason["recompute"]),
    }


def _weight_of(reason: Mapping[str, Any]) -> float | None:
    weight_in_average: float | None = reason["recompute"].get("weight_in_average")
    return weight_in_average


# --- The journal -----------------------------------------------------------


def journal(rows: Sequence[Row]) -> Json:
    """Return journal entries, the newest first, and the number to ask for the next page with."""
    last = rows[-1].number if rows else None
    return {
        "entries": [entry(row) for row in rows],
        "next_before": last if last is not None and last > 1 else None,
    }


def entry(row: Row) -> Json:
    """Return one entry of the journal."""
    return {
        "number": row.number,
        "at": timestamp(row.entry.at),
        "trial": row.entry.trial_id,
        "kind": row.entry.kind.value,
        "sentence": row.entry.sentence,
        "data": clean(row.entry.data),
        "previous_hash": row.previous_hash,
        "hash": row.hash,
    }


# --- Small things ----------------------------------------------------------


def number(value: float | str | None) -> float | None:
    """Return a number that JSON knows: finite, or null. A store keeps infinity as a word."""
    if value is None or isinstance(value, str):
        return None
    return value if math.isfinite(value) else None


def timestamp(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def weight(points: Weight | None) -> Json | None:
    """Return a share of traffic, in basis points and in percent."""
    return None if points is None else {"basis_points": points, "percent": points / 100}


def clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the same JSON with every number that is none made null."""
    match value:
        case float():
            return number(value)
        case Mapping():
            return {str(key): clean(item) for key, item in value.items()}
        case str():
            return value
        case Iterable():
            return [clean(item) for item in value]
        case _:
            return value


def _claim(claim: Claim) -> Json:
    return {
        "metric": claim.metric,
        "slice": claim.slice,
        "contrast": claim.contrast.value,
        "limit": number(claim.limit),
        "side": claim.side.value,
    }


def _race(log_e_value: float | str | None, log_e_needed: float | str | None) -> Json:
    """Return how far a claim is on its way to being proven."""
    log_e, needed = number(log_e_value), number(log_e_needed)
    share = None
    if log_e is not None and needed is not None and needed > 0:
        share = max(0.0, 100 * log_e / needed)
    elif log_e_value in {-math.inf, "-Infinity"}:
        share = 0.0
    small = log_e is not None and log_e <= _LOG_E_MAX
    return {
        "log_e_value": log_e,
        "log_e_needed": needed,
        "e_value": math.exp(log_e) if log_e is not None and small else None,
        "percent_of_need": share,
    }
