"""
Metric families of trials: evidence, what policy makes of it, and where the rollout stands. Their
rules are those of telemetry/families.py.
"""

from __future__ import annotations

from shadowmon.records import Decision, Grade, Phase
from shadowmon.telemetry.family import counter as _counter
from shadowmon.telemetry.family import gauge as _gauge


_CLAIM = ("trial", "rule", "metric", "slice")
_FIGURE = ("trial", "metric", "slice")

_EVIDENCE = (
    _gauge("evidence_observations", "Pairs that were measured, in this epoch.", *_FIGURE),
    _gauge("evidence_missing", "Pairs that should have been measured and were not.", *_FIGURE),
    _gauge(
        "evidence_estimate",
        "The figure that limits are about; positive is worse. Absent where it is not defined.",
        *_FIGURE,
        "contrast",
    ),
    _gauge("evidence_lower", "Lower end of the confidence sequence.", *_FIGURE, "contrast"),
    _gauge("evidence_upper", "Upper end of the confidence sequence.", *_FIGURE, "contrast"),
    _gauge(
        "evidence_acceptable",
        "What a climb asks the figure to be proven below; absent if none asks.",
        *_FIGURE,
        "contrast",
    ),
    _gauge(
        "evidence_red_line",
        "What takes all weight away once the figure is proven above it; absent if there is none.",
        *_FIGURE,
        "contrast",
    ),
    _gauge(
        "evidence_log_e_value", "How far a rule's claim is proven (natural logarithm).", *_CLAIM
    ),
    _gauge("evidence_log_e_needed", "What proves a rule's claim; absent if nothing can.", *_CLAIM),
    _gauge(
        "evidence_pairs_needed",
        "Forecast of the pairs still needed to prove what a climb asks; absent if out of sight.",
        *_CLAIM,
    ),
)

_POLICY = (
    _gauge(
        "roll_back_log_e_value",
        "Weighted average of the rules that take weight away (natural logarithm).",
        "trial",
    ),
    _gauge("roll_back_log_e_needed", "What that average must reach for a roll-back.", "trial"),
    _gauge("red_line_breached", "1 while a red line is proven to be crossed.", "trial", "rule"),
    _gauge("red_line_armed", "1 if the rule may take weight away.", "trial", "rule"),
    _gauge(
        "red_line_distance",
        "From the lower end of the figure's interval to the red line; 0 or less: all beyond it.",
        "trial",
        "rule",
    ),
    _counter("red_line_breaches_total", "Times a red line was proven crossed.", "trial", "rule"),
    _gauge(
        "alarm_raised",
        "1 while a rule calls a person: sooner than the roll-back, and nothing is decided by it.",
        "trial",
        "rule",
    ),
    _gauge(
        "slice_covered",
        "1 for a slice that has the pairs its red line was planned to take.",
        "trial",
        "slice",
    ),
    _gauge(
        "slice_pairs",
        "Pairs of a slice in this epoch, of those that its red line was planned to take.",
        "trial",
        "slice",
    ),
    _gauge(
        "slice_planned_pairs",
        "Pairs that a slice's red line was planned to take; absent if no number is enough.",
        "trial",
        "slice",
    ),
    _gauge(
        "discoveries",
        "Rules whose breach is listed at a false discovery rate: a report that decides nothing.",
        "trial",
    ),
    _gauge(
        "limits_pending",
        "Limits that the configuration would loosen, and that are therefore not in force.",
        "trial",
    ),
    _gauge(
        "variance_ratio",
        "How much more the primary metric's means vary than those of independent pairs: 1 is well.",
        "trial",
    ),
    _gauge(
        "verdict_grade",
        "1 for what is proven of the optimized model's loss now.",
        "trial",
        "grade",
        grade=tuple(Grade),
    ),
    _gauge(
        "verdict_grade_index",
        "The same as a number: 0 wait, 1 accept, 2 review, 3 borderline, 4 reject, 5 red line.",
        "trial",
    ),
    _counter(
        "verdicts_total",
        "Verdicts that were reached.",
        "trial",
        "decision",
        decision=tuple(Decision),
    ),
)

_ROLLOUT = (
    _gauge(
        "rollout_phase", "1 for the phase that a trial is in.", "trial", "phase", phase=tuple(Phase)
    ),
    _gauge(
        "rollout_phase_index",
        "The same as a number: 0 benchmark, 1 side by side, 2 shadowing, 3 progressing, "
        "4 promoted, 5 rolled back.",
        "trial",
    ),
    _gauge(
        "rollout_blocked",
        "1 while a trial may not climb though its evidence might allow it.",
        "trial",
    ),
    _gauge("rollout_stage_pairs", "Pairs scored in the present stage.", "trial"),
    _gauge(
        "rollout_stage_pairs_min",
        "Pairs that the present stage of the ladder must have before the next climb.",
        "trial",
    ),
    _gauge("rollout_paused", "1 while a person has paused the climb.", "trial"),
    _gauge(
        "rollout_desired_weight_ratio",
        "Share of the route's traffic that the optimized model shall have.",
        "trial",
        "route",
    ),
    _gauge(
        "rollout_applied_weight_ratio",
        "The share it has, as the actuator read it back; absent before the first time.",
        "trial",
        "route",
    ),
    _gauge("rollout_stage_entered_timestamp_seconds", "When the stage was entered.", "trial"),
    _gauge(
        "last_pair_timestamp_seconds",
        "When newly scored pairs were last counted; 0: none.",
        "trial",
    ),
    _counter(
        "notifications_total",
        "Tries to tell a receiver, each Alertmanager one by itself; a dead message is given up.",
        "receiver",
        "outcome",
        outcome=("delivered", "retried", "dead"),
    ),
    _counter(
        "commands_total",
        "Commands that were given to an actuator, by how they went.",
        "command",
        "outcome",
        command=("set_weight",),
        outcome=("applied", "rejected"),
    ),
    _counter("trial_failures_total", "Times a trial was frozen by a bug of ours.", "trial"),
    _counter("journal_entries_total", "Entries that were written to the journal."),
)

TRIALS = (*_EVIDENCE, *_POLICY, *_ROLLOUT)
