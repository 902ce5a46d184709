"""
From the view and the board to numbers.

A reader takes one part of the picture; one that fails costs what it had not read yet.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TypeAlias

from shadowmon.evidence.coverage import Cover
from shadowmon.ipc.board import WORKERS_MAX, Count
from shadowmon.records import ALL_TRAFFIC, Grade, Phase, Side
from shadowmon.telemetry.families import BY_NAME, FAMILIES
from shadowmon.telemetry.family import EXEMPLAR, SUM, Kind
from shadowmon.telemetry.outlook import pairs_needed
from shadowmon.telemetry.readings import Labels, Readings
from shadowmon.telemetry.skew import drop_skew
from shadowmon.view import Figure, RuleView, SliceView, TrialView


LOG_E_FLOOR = -700.0
"""An e-value of e^-700 is as good as 0 to a double; 0 itself has no logarithm that can be drawn."""

_PHASES, _GRADES = tuple(Phase), tuple(Grade)

_Reader: TypeAlias = Callable[[Readings], None]


# --- what processes told ---


def _samples(readings: Readings) -> None:
    view = readings.view
    if view is None:
        return
    for sample in view.samples:
        kinds = (Kind.COUNTER, Kind.HISTOGRAM)
        readings.add_sample(sample.name, sample.labels, sample.value, kinds)
    for sample in view.gauges:
        if sample.name.endswith(EXEMPLAR):
            readings.add_exemplar(sample.name, sample.labels, sample.value)
        else:
            readings.add_sample(sample.name, sample.labels, sample.value, (Kind.GAUGE,))


_PROXY: dict[tuple[str, Labels], tuple[Count, ...]] = {
    ("proxy_connections_total", ()): (Count.CONNECTIONS,),
    ("proxy_connections_closed_total", ()): (Count.CONNECTIONS_CLOSED,),
    ("proxy_connections_refused_total", ()): (Count.CONNECTIONS_REFUSED,),
    ("proxy_requests_total", ()): (Count.SEEN,),
    ("proxy_malformed_total", ()): (Count.MALFORMED,),
    ("proxy_tunnelled_total", ()): (Count.TUNNELLED,),
    ("proxy_answers_cut_total", ("user",)): (Count.CLIENT_GONE,),
    ("proxy_answers_cut_total", ("model",)): (Count.TRUNCATED,),
    ("proxy_upstream_failures_total", ()): (Count.UPSTREAM_FAILED,),
    ("proxy_upstream_retries_total", ()): (Count.RETRIED,),
    ("exchanges_total", ("proxy", "mirrored")): (Count.HANDED_OVER,),
    ("exchanges_total", ("proxy", "sampled_out")): (Count.SAMPLED_OUT,),
    ("exchanges_total", ("proxy", "shed")): (Count.SHED, Count.TEE_FULL),
    ("exchanges_total", ("proxy", "oversize")): (Count.OVERSIZE,),
    ("exchanges_total", ("proxy", "refused")): (Count.MALFORMED,),
    ("exchanges_total", ("proxy", "unrouted")): (Count.UNROUTED,),
}


def _proxy(readings: Readings) -> None:
    if readings.board is None:
        return
    slots = [readings.board.slot(worker) for worker in range(WORKERS_MAX)]
    for (name, labels), counts in _PROXY.items():
        total = sum(slot.count(count) for slot in slots for count in counts)
        readings.put_if_absent(name, labels, float(total))
    for trial in readings.view.trials if readings.view else ():
        served = sum(slot.served(trial.number) for slot in slots)
        fell_back = sum(slot.fell_back(trial.number) for slot in slots)
        readings.put_if_absent("proxy_served_total", (trial.trial_id,), float(served))
        readings.put_if_absent("proxy_fallbacks_total", (trial.trial_id,), float(fell_back))


def _answers(readings: Readings) -> None:
    bounds = BY_NAME["user_answer_duration_seconds"].bounds()
    for arm, (buckets, seconds) in (readings.view.answers if readings.view else {}).items():
        for bound, count in zip(bounds, buckets, strict=True):
            readings.put("user_answer_duration_seconds", (arm, bound), float(count))
        readings.put("user_answer_duration_seconds", (arm, SUM), seconds)


def _drop_skew(readings: Readings) -> None:
    for by in ("length", "hour"):
        counts = readings.of(BY_NAME[f"sampled_by_{by}_total"])
        readings.put("drop_skew_ratio", (by,), drop_skew(counts))


# --- the trials ---


def _trials(readings: Readings) -> None:
    for trial in readings.view.trials if readings.view else ():
        for figure in trial.figures:
            _figure(readings, trial, figure)
        metrics = {figure.metric.name: figure.metric for figure in trial.figures}
        for rule in trial.rules:
            _rule(readings, trial, rule)
            claim = rule.evidence.claim
            labels = (trial.trial_id, rule.rule, claim.metric, claim.slice)
            needed = pairs_needed(rule, metrics.get(claim.metric))
            readings.put("evidence_pairs_needed", labels, needed)
        for each in trial.coverage:
            _slice(readings, trial, each)
        _verdict(readings, trial)
        _rollout(readings, trial)


def _figure(readings: Readings, trial: TrialView, figure: Figure) -> None:
    labels = (trial.trial_id, figure.metric.name, figure.slice)
    readings.put("evidence_observations", labels, figure.count)
    readings.put("evidence_missing", labels, figure.missing)
    readings.put_if_absent("observations_total", (trial.trial_id, figure.metric.name), 0.0)
    contrasted = (*labels, figure.contrast.value)
    readings.put("evidence_estimate", contrasted, figure.estimate)
    readings.put("evidence_lower", contrasted, figure.lower)
    readings.put("evidence_upper", contrasted, figure.upper)
    readings.put("evidence_acceptable", contrasted, figure.acceptable)
    readings.put("evidence_red_line", contrasted, figure.red_line)


def _rule(readings: Readings, trial: TrialView, rule: RuleView) -> None:
    evidence = rule.evidence
    claim = evidence.claim
    labels = (trial.trial_id, rule.rule, claim.metric, claim.slice)
    readings.put_largest("evidence_log_e_value", labels, _drawn(evidence.log_e_value))
    readings.put("evidence_log_e_needed", labels, rule.log_e_needed)
    if claim.side is Side.WORSE:
        one = (trial.trial_id, rule.rule)
        distance = None if evidence.lower is None else claim.limit - evidence.lower
        readings.put_smallest("red_line_distance", one, distance)
        readings.put_largest("red_line_breached", one, float(rule.breached))
        readings.put_largest("red_line_armed", one, float(rule.armed))
        readings.put_largest("alarm_raised", one, float(rule.alarm))
        readings.put_if_absent("red_line_breaches_total", one, 0.0)


def _slice(readings: Readings, trial: TrialView, each: SliceView) -> None:
    labels = (trial.trial_id, each.slice)
    readings.put("slice_covered", labels, float(each.cover == Cover.COVERED))
    readings.put("slice_pairs", labels, each.seen_pairs)
    readings.put("slice_planned_pairs", labels, each.planned_pairs)


def _verdict(readings: Readings, trial: TrialView) -> None:
    one = (trial.trial_id,)
    readings.put("roll_back_log_e_value", one, _drawn(trial.log_e_roll_back))
    readings.put("roll_back_log_e_needed", one, trial.log_e_roll_back_needed)
    found = trial.verdict.grade if trial.verdict else Grade.WAIT
    for grade in Grade:
        readings.put("verdict_grade", (*one, grade.value), float(grade is found))
    readings.put("verdict_grade_index", one, _GRADES.index(found))
    readings.put("discoveries", one, len(trial.discoveries))
    readings.put("limits_pending", one, len(trial.pending))


def _rollout(readings: Readings, trial: TrialView) -> None:
    one, routed, state = (trial.trial_id,), (trial.trial_id, trial.route), trial.state
    for phase in BY_NAME["rollout_phase"].closed["phase"]:
        readings.put("rollout_phase", (*one, phase), float(phase == state.phase))
    readings.put("rollout_phase_index", one, _PHASES.index(state.phase))
    readings.put("rollout_paused", one, float(state.paused))
    readings.put("rollout_blocked", one, float(bool(trial.blocked)))
    readings.put("rollout_stage_pairs", one, trial.pairs_in_stage)
    if 0 <= state.stage_index < len(trial.stages):
        readings.put("rollout_stage_pairs_min", one, trial.stages[state.stage_index].min_pairs)
    readings.put("rollout_desired_weight_ratio", routed, state.desired_weight / ALL_TRAFFIC)
    if state.applied_weight is not None:
        readings.put("rollout_applied_weight_ratio", routed, state.applied_weight / ALL_TRAFFIC)
    readings.put("rollout_stage_entered_timestamp_seconds", one, state.entered_stage_at.timestamp())
    last = trial.last_pair_at
    readings.put("last_pair_timestamp_seconds", one, last.timestamp() if last else 0.0)


def _drawn(log_e_value: float) -> float:
    return max(log_e_value, LOG_E_FLOOR)


# --- the daemon ---


def _daemon(readings: Readings) -> None:
    view = readings.view
    if view is None:
        return
    for stage, count in view.funnel.items():
        readings.put("funnel_total", (stage,), float(count))
    reload_at = view.config_reload_at
    for name, value in (
        ("ready", float(not view.problems)),
        ("store_writable", float(not view.store_problem)),
        ("control_last_tick_timestamp_seconds", view.at.timestamp()),
        ("control_tick_duration_seconds", view.tick_seconds),
        ("config_last_reload_successful", float(view.config_reload_successful)),
        (
            "config_last_reload_success_timestamp_seconds",
            reload_at.timestamp() if reload_at else 0.0,
        ),
        ("start_time_seconds", view.started_at.timestamp()),
    ):
        readings.put(name, (), value)
    readings.put("build_info", (view.version,), 1.0)


# --- what exists before it happens ---


def _beginnings(readings: Readings) -> None:
    """Let everything whose labels are known exist, at 0."""
    trials = readings.view.trials if readings.view else ()
    known = {
        "trial": tuple(trial.trial_id for trial in trials),
        "route": tuple({trial.route for trial in trials}),
        "model": tuple({model for trial in trials for model in (trial.baseline, trial.optimized)}),
    }
    for family in FAMILIES:
        if family.kind is Kind.GAUGE and (family.labels or readings.view is None):
            continue  # what is not known of a trial, or without a picture, is no zero
        values = {**known, **family.closed}
        if all(label in values for label in family.labels):
            for labels in product(*(values[label] for label in family.labels)):
                part = (SUM,) if family.kind is Kind.HISTOGRAM else ()
                readings.put_if_absent(family.name, (*labels, *part), 0.0)


READERS: tuple[_Reader, ...] = (
    _samples,
    _proxy,
    _drop_skew,
    _answers,
    _trials,
    _daemon,
    _beginnings,
)
"""In this order. One that fails costs what it had not read yet, and nothing of the others."""
