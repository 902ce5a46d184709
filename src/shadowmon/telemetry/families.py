"""
Every metric family, in flow order: from the user's request to the weight it leads to.

Rule 1: a label's values come from the configuration or from a closed set, never from traffic.
Rule 2: a family with a unit ends in it, in base units; a counter ends in `_total`.
Rule 3: a counter whose label values are all known beforehand exists before anything was counted,
        so that its first step up is seen as a rise.
"""

from __future__ import annotations

from collections.abc import Mapping

from shadowmon.ipc.board import LAG_SECONDS
from shadowmon.records import Outcome
from shadowmon.telemetry.data_plane import DATA_PLANE
from shadowmon.telemetry.family import Family
from shadowmon.telemetry.family import counter as _counter
from shadowmon.telemetry.family import gauge as _gauge
from shadowmon.telemetry.family import histogram as _histogram
from shadowmon.telemetry.funnel import ARMS, FUNNEL, SHADOW_CALLS
from shadowmon.telemetry.trials import TRIALS


SERIES_MAX = 10_000
"""Series of one family that are shown; what is beyond them is left out and counted."""

FIGURES_MAX = 10_000
"""Figures of all trials that are shown, and as many claims and slices: each trial has its share."""

FIGURES_OF_TRIAL_MAX = 1_000
"""A trial's share is no larger, even if there is no other trial."""

SERIES_TOLD_MAX = 2_000
"""Series of one family that one process tells: its labels might come from a stranger by a bug."""

REPLY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of models' reply times; one more bucket has no bound."""

WHO = ("pair_id", "trace_id")
"""What leads from a slow reply to its pair, and to its trace; a part that is not known is empty."""
WORKERS = ("scoring", "proxy")
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
    _counter("pair_costs_total", "Pairs of which both answers' costs are known.", "trial"),
    _counter(
        "pair_cost_squares_total",
        "Squares of those costs, and products of both: what their ratio's interval is made of.",
        "trial",
        "of",
        of=(*ARMS, "both"),
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
    _counter(
        "feedback_total",
        "What became of users' complaints and thumbs.",
        "fate",
        fate=("accepted", "unknown", "stale", "repeated"),
    ),
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
        process=("control", "scoring", "proxy"),
    ),
    _gauge(
        "workers_wanted",
        "Worker processes that there should be.",
        "process",
        process=WORKERS,
    ),
    _gauge(
        "workers_alive",
        "Those of them that gave a sign of life within the last seconds.",
        "process",
        process=WORKERS,
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
    *DATA_PLANE,
    *_TRAFFIC,
    *FUNNEL,
    *SHADOW_CALLS,
    *_MIRROR,
    *_SCORING,
    *TRIALS,
    *_DAEMON,
    *_TELEMETRY,
)

BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}
