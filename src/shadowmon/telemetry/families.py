"""
Every metric family, in flow order: from the user's request to the weight it leads to.

Rule 1: a label's values come from the configuration or from a closed set, never from traffic.
Rule 2: a family with a unit ends in it, in base units; a counter ends in `_total`.
Rule 3: a counter whose label values are all known beforehand exists before anything was counted,
        so that its first step up is seen as a rise.
"""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field

from shadowmon.ipc.board import USER_SECONDS
from shadowmon.records import Decision, Grade, Outcome, Phase


PREFIX = "shadowmon_"

SERIES_MAX = 10_000
"""Series of one family that are shown; what is beyond them is left out and counted."""

REPLY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of models' reply times; one more bucket has no bound."""

UNBOUNDED = "+Inf"
SUM = "sum"
"""In the place of a bucket's bound, the last label: the sum of what was observed."""


class Kind(enum.StrEnum):
    """How a family's numbers behave."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric family."""

    name: str
    """Without the prefix."""
    kind: Kind
    sentence: str
    labels: tuple[str, ...] = ()
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Label -> all the values it can have, where they are known beforehand."""
    buckets: tuple[float, ...] = ()
    """Of a histogram: upper bounds, without the last one."""

    def bounds(self) -> tuple[str, ...]:
        """Return a histogram's upper bounds as text, the last one included."""
        return (*map(str, self.buckets), UNBOUNDED)


def _counter(name: str, sentence: str, *labels: str, **closed: tuple[str, ...]) -> Family:
    return Family(name=name, kind=Kind.COUNTER, sentence=sentence, labels=labels, closed=closed)


def _gauge(name: str, sentence: str, *labels: str, **closed: tuple[str, ...]) -> Family:
    return Family(name=name, kind=Kind.GAUGE, sentence=sentence, labels=labels, closed=closed)


def _histogram(
    name: str,
    sentence: str,
    buckets: tuple[float, ...],
    *labels: str,
    **closed: tuple[str, ...],
) -> Family:
    return Family(
        name=name,
        kind=Kind.HISTOGRAM,
        sentence=sentence,
        labels=labels,
        closed=closed,
        buckets=buckets,
    )


ARMS = ("baseline", "optimized")
SOURCES = ("proxy", "tap", "mirror")
FATES = (
    "mirrored",
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
        "reply_duration_seconds", "How long models' good replies took.", REPLY_SECONDS, "model"
    ),
    _histogram(
        "reply_first_byte_seconds",
        "From a request to the first byte of a model's good reply.",
        REPLY_SECONDS,
        "model",
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
)

_SCORING = (
    _counter(
        "unpaired_total",
        "Exchanges of which no pair was made, by why.",
        "trial",
        "reason",
        reason=("client_gone", "baseline_truncated", "missing", "shed"),
    ),
    _counter(
        "unscorable_total",
        "Pairs that no scorer could read, by why.",
        "trial",
        "reason",
        reason=("crash", "hang", "memory", "unsendable"),
    ),
    _counter("pairs_total", "Pairs that were scored.", "trial"),
    _counter(
        "pairs_set_aside_total", "Pairs given up after their scorer process was lost.", "trial"
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
    _gauge("event_loop_lag_seconds", "How late the control process's event loop wakes up."),
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
    *_MIRROR,
    *_SCORING,
    *_EVIDENCE,
    *_POLICY,
    *_ROLLOUT,
    *_DAEMON,
    *_TELEMETRY,
)

BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}
