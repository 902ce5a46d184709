"""
Every metric family, in flow order: from the user's request to the weight it leads to.

Rule 1: a label's values come from the configuration or from a closed set, never from traffic.
Rule 2: a family with a unit ends in it, in base units; a counter ends in `_total`.
Rule 3: a counter whose label values are all known beforehand exists before anything was counted,
        so that its first step up is seen as a rise.
"""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.ipc.board import USER_SECONDS
from shadowmon.records import Decision, Grade, Outcome, Phase
from shadowmon.telemetry.family import Family
from shadowmon.telemetry.family import counter as _counter
from shadowmon.telemetry.family import gauge as _gauge
from shadowmon.telemetry.family import histogram as _histogram
from shadowmon.telemetry.funnel import ARMS, FUNNEL, SHADOW_CALLS


SERIES_MAX = 10_000
"""Series of one family that are shown; what is beyond them is left out and counted."""

SERIES_TOLD_MAX = 2_000
"""Series of one family that one process tells: its labels might come from a stranger by a bug."""

REPLY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of models' reply times; one more bucket has no bound."""

LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets of how late an event loop woke up; one more bucket has no bound."""

WHO = ("pair_id", "trace_id")
"""What leads from a slow reply to its pair, and to its trace; a part that is not known is empty."""
SOURCES = ("proxy", "tap", "events", "ext_proc", "mirror")
FATES = (
    "mirrored",
    "budgeted_out",
    "sampled_out",
    "shed",
    "oversize",
    "refused",
    "unrouted",
    "unwatched",
    "skipped",
    "failed",
)

_TRAFFIC = (
    _counter("proxy_connections_total", "Connections that the proxy accepted from users."),
    _counter("proxy_connections_closed_total", "Users' connections that ended."),
    _counter("proxy_connections_refused_total", "Connections refused: too many were open."),
    _counter("proxy_requests_total", "Whole request heads that the proxy read."),
    _counter("proxy_malformed_total", "Requests refused because of how they were framed."),
    _counter("proxy_tunnelled_total", "Upgraded connections, which are never mirrored."),
    _histogram(
        "user_answer_duration_seconds",
        "From a user's request to the end of the answer, by the model that served it.",
        USER_SECONDS,
        "arm",
        arm=ARMS,
    ),
    _counter(
        "proxy_answers_cut_total",
        "Answers that users did not get whole, by who cut them.",
        "by",
        by=("user", "model"),
    ),
    _counter("proxy_upstream_failures_total", "Users who got a 502 or 504 of the proxy's own."),
    _counter("proxy_upstream_retries_total", "Requests sent again after a connection was dead."),
    _counter("proxy_served_total", "Requests that the optimized model was chosen for.", "trial"),
    _counter(
        "proxy_fallbacks_total",
        "Those of them that the baseline served after the optimized model had failed.",
        "trial",
    ),
    _counter(
        "exchanges_total",
        "What became of each exchange at each place it came through (add up over one source only).",
        "source",
        "fate",
        source=SOURCES,
        fate=FATES,
    ),
    _counter(
        "funnel_total", "Requests that came as far as each stage, or fell out there.", "stage"
    ),
)

_MIRROR = (
    _gauge("mirror_queue_length", "Exchanges that wait to be mirrored."),
    _gauge("mirror_queue_capacity", "Exchanges that may wait; more are shed."),
    _gauge("mirror_in_flight", "Exchanges that are being mirrored."),
    _counter(
        "replies_total",
        "Models' replies, from users' requests and shadow calls, by how they ended.",
        "model",
        "outcome",
        outcome=tuple(Outcome),
    ),
    _histogram(
        "reply_duration_seconds",
        "How long models' good replies took.",
        REPLY_SECONDS,
        "model",
        exemplars=WHO,
    ),
    _histogram(
        "reply_first_byte_seconds",
        "From a request to the first byte of a model's good reply.",
        REPLY_SECONDS,
        "model",
        exemplars=WHO,
    ),
    _counter(
        "shadow_tokens_total",
        "Tokens of shadow calls.",
        "model",
        "direction",
        direction=("input", "output"),
    ),
    _counter(
        "shadow_cost_total", "What shadow calls cost, in the currency of the prices.", "model"
    ),
    _counter(
        "pair_cost_total",
        "What the answers of pairs cost of which both costs are known.",
        "trial",
        "arm",
        arm=ARMS,
    ),
)

_SCORING = (
    _counter(
        "unpaired_total",
        "Exchanges of which no pair was made, by why.",
        "trial",
        "reason",
        reason=("client_gone", "baseline_truncated", "missing", "shed", "failed"),
    ),
    _counter(
        "unscorable_total",
        "Pairs that no scorer could read, by why.",
        "trial",
        "reason",
        reason=("crash", "hang", "memory", "unsendable", "failed"),
    ),
    _counter("pairs_total", "Pairs that were scored.", "trial"),
    _counter(
        "pairs_set_aside_total", "Pairs given up after their scorer process was lost.", "trial"
    ),
    _counter(
        "assessments_total",
        "What came of asking an assessor about a pair: found, missing, or why it was unavailable.",
        "trial",
        "metric",
        "outcome",
    ),
    _counter("observations_total", "Observations that scorers made.", "trial", "metric"),
    _counter("scorer_failures_total", "Pairs on which a scorer failed.", "scorer"),
    _counter(
        "scorer_process_restarts_total",
        "Scorer processes that were lost and replaced, by why.",
        "reason",
        reason=("crash", "hang", "memory", "start"),
    ),
    _counter(
        "labels_total",
        "What became of labels, and of pairs that waited for one.",
        "fate",
        fate=("joined", "early", "repeated", "unlabelled", "given_up"),
    ),
)

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
        "How much more the primary metric's means of 100 pairs vary than independent pairs would.",
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
        "last_pair_timestamp_seconds", "When the newest scored pair was received; 0: none.", "trial"
    ),
    _counter(
        "notifications_total",
        "Messages to people and to other systems, by receiver; a dead one is not tried again.",
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

_DAEMON = (
    _gauge("store_writable", "1 while the journal can be written."),
    _gauge("control_last_tick_timestamp_seconds", "When the newest tick ended."),
    _gauge("control_tick_duration_seconds", "How long the newest tick took."),
    _gauge("ready", "1 while the daemon can do its work."),
    _histogram(
        "event_loop_lag_seconds",
        "How late the event loops of the daemon's processes wake up.",
        LAG_SECONDS,
        "process",
        process=("control", "scoring"),
    ),
    _counter(
        "process_restarts_total",
        "Processes of the daemon that ended and were started again.",
        "process",
        process=("control", "scoring", "proxy"),
    ),
    _gauge("config_last_reload_successful", "1 if the configuration was taken the last time."),
    _gauge(
        "config_last_reload_success_timestamp_seconds",
        "When a configuration was last taken; 0: never since the start.",
    ),
    _gauge("build_info", "Always 1; says which version runs.", "version"),
    _gauge("start_time_seconds", "When the control process started."),
)

_TELEMETRY = (
    _counter("metrics_label_overflow_total", "Series left out of scrapes: a family had too many."),
    _counter("metrics_unknown_samples_total", "Numbers left out of scrapes: no family has them."),
    _counter("metrics_failures_total", "Families, or sources of them, that failed in a scrape."),
)

FAMILIES: tuple[Family, ...] = (
    *_TRAFFIC,
    *FUNNEL,
    *SHADOW_CALLS,
    *_MIRROR,
    *_SCORING,
    *_EVIDENCE,
    *_POLICY,
    *_ROLLOUT,
    *_DAEMON,
    *_TELEMETRY,
)

BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}
