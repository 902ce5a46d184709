"""
From the trials' pictures to the families of trials.py.

Rule: a trial has its share of the series and no more: slices that were configured once stay in its
evidence, and may be many. What matters most is shown; what is left out is counted.
"""

from __future__ import annotations

import heapq

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from shadowmon.evidence.coverage import Cover
from shadowmon.records import ALL_TRAFFIC, EVERYTHING, Grade, Phase, Side
from shadowmon.telemetry.families import BY_NAME, FIGURES_MAX, FIGURES_OF_TRIAL_MAX
from shadowmon.telemetry.readings import Readings
from shadowmon.view import Figure, RuleView, SliceView, TrialView


LOG_E_FLOOR = -700.0
"""An e-value of e^-700 is as good as 0 to a double; 0 itself has no logarithm that can be drawn."""

_PHASES, _GRADES = tuple(Phase), tuple(Grade)

_T = TypeVar("_T")


def trials(readings: Readings) -> None:
    """Read the trials."""
    view = readings.view
    if view is None or not view.trials:
        return
    most = min(FIGURES_OF_TRIAL_MAX, FIGURES_MAX // len(view.trials))
    for trial in view.trials:
        for figure in _first(readings, trial.figures, most, _figures_place):
            _figure(readings, trial, figure)
        metrics = {figure.metric.name: figure.metric for figure in trial.figures}
        for rule in _first(readings, trial.rules, most, _rules_place):
            _rule(readings, trial, rule)
            claim = rule.evidence.claim
            labels = (trial.trial_id, rule.rule, claim.metric, claim.slice)
            metric = metrics.get(claim.metric)
            needed = readings.outlook.pairs_needed(trial.trial_id, rule, metric)
            readings.put("evidence_pairs_needed", labels, needed)
        for each in _first(readings, trial.coverage, most, _slices_place):
            _slice(readings, trial, each)
        _verdict(readings, trial)
        _rollout(readings, trial)


def _first(
    readings: Readings, found: Sequence[_T], most: int, place: Callable[[_T], Any]
) -> Sequence[_T]:
    """Return what is shown, the first by `place`; what is left out is counted."""
    if len(found) <= most:
        return found
    readings.left_out += len(found) - most
    return heapq.nsmallest(most, found, key=place)


def _figures_place(figure: Figure) -> tuple[bool, bool, int]:
    """All traffic first, then what is held to a red line, then what was measured most often."""
    return figure.slice != EVERYTHING, figure.red_line is None, -figure.count


def _rules_place(rule: RuleView) -> tuple[bool, bool, float]:
    """First what is proven to be crossed, then what calls a person, then what is nearest to it."""
    return not rule.breached, not rule.alarm, -rule.evidence.log_e_value


def _slices_place(each: SliceView) -> tuple[bool, int]:
    """First the slices that want for pairs; of these the ones that have most."""
    return each.cover == Cover.COVERED, -each.seen_pairs


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
    readings.put("variance_ratio", one, trial.variance_ratio)
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
