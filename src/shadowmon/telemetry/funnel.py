"""
Metric families of the funnel: what became of each exchange, and whether what is left of them stands
for all. Their rules are those of telemetry/families.py; how they add up, daemon/funnel.py says.
"""

from __future__ import annotations

from shadowmon.records import Outcome
from shadowmon.telemetry.family import UNBOUNDED
from shadowmon.telemetry.family import counter as _counter
from shadowmon.telemetry.family import gauge as _gauge


ARMS = ("baseline", "optimized")

BODY_BYTES = (1024, 4096, 16_384, 65_536, 262_144, 1_048_576)
"""Upper bounds of the lengths by which drops are told apart; one more has no bound."""

TRIAL_FATES = (
    "mirrored",
    "budgeted_out",
    "sampled_out",
    "shed",
    "refused",
    "unwatched",
    "skipped",
    "failed",
)
SKIPS = (
    "not_inference",
    "server_side_tools",
    "stored_conversation",
    "write",
    "agent_turn",
    "tools",
    "other",
)
REFUSALS = (
    "requests_per_second",
    "tokens_per_day",
    "money_per_day",
    "route_calls_per_second",
    "breaker_open",
    "baseline_slow",
)
_KEPT_OR_NOT = ("kept", "dropped")
_HOURS = tuple(f"{hour:02d}" for hour in range(24))

EVENT_SOURCES = ("cloud_events", "litellm", "pairs")
EVENT_FATES = (
    "joined",
    "reordered",
    "unanswered",
    "duplicate",
    "late",
    "alone",
    "given_up",
    "shed",
    "sampled_out",
    "refused",
)

STREAM_ENDS = ("answered", "aborted", "malformed", "let_go")

FUNNEL = (
    _counter(
        "ext_proc_streams_total",
        "Streams of Envoy's that told of a request each, by how they ended.",
        "end",
        end=STREAM_ENDS,
    ),
    _counter(
        "events_total",
        "What became of each event that told of production's requests, by who tells.",
        "source",
        "fate",
        source=EVENT_SOURCES,
        fate=EVENT_FATES,
    ),
    _gauge("events_waiting", "Exchanges that wait for more of their events."),
    _counter(
        "trial_exchanges_total",
        "What became of each exchange of a trial's route; every exchange has one fate.",
        "trial",
        "fate",
        fate=TRIAL_FATES,
    ),
    _counter(
        "skipped_total",
        "Requests that must not be mirrored, by why.",
        "route",
        "reason",
        reason=SKIPS,
    ),
    _counter(
        "budgeted_out_total",
        "Exchanges without a pair because a shadow call was not allowed: to which arm, and why.",
        "trial",
        "arm",
        "reason",
        arm=ARMS,
        reason=REFUSALS,
    ),
    _counter(
        "pair_replies_total",
        "Replies that became part of a pair, by arm and by how they ended.",
        "trial",
        "arm",
        "outcome",
        arm=ARMS,
        outcome=tuple(Outcome),
    ),
    _counter(
        "prompt_cache_pairs_total",
        "Pairs by which of the models read the prompt from a cache.",
        "trial",
        "cached",
        cached=("neither", "baseline", "optimized", "both"),
    ),
    _counter(
        "sampled_by_length_total",
        "Sampled exchanges by the length of the request in bytes: was a pair made of them?",
        "up_to",
        "fate",
        up_to=(*map(str, BODY_BYTES), UNBOUNDED),
        fate=_KEPT_OR_NOT,
    ),
    _counter(
        "sampled_by_hour_total",
        "Sampled exchanges by the hour of the day (UTC): was a pair made of them?",
        "hour",
        "fate",
        hour=_HOURS,
        fate=_KEPT_OR_NOT,
    ),
    _gauge(
        "drop_skew_ratio",
        "Share dropped where most are dropped, over the share dropped of all; 1 is even.",
        "by",
        by=("length", "hour"),
    ),
    _counter(
        "sample_ratio_users_total",
        "Users whose split between the models is held against the weight.",
        "trial",
        "arm",
        arm=ARMS,
    ),
    _counter(
        "sample_ratio_expected_total",
        "Of these, how many the optimized model should have by the weight.",
        "trial",
    ),
    _gauge(
        "sample_ratio_log_e_value",
        "How far it is proven that users are not split as the weight says (natural logarithm).",
        "trial",
    ),
    _gauge("sample_ratio_log_e_needed", "What proves it.", "trial"),
)

SHADOW_CALLS = (
    _gauge("breaker_open", "1 while a model counts as down (summed over workers).", "model"),
    _gauge(
        "baseline_latency_rise_ratio",
        "Users' recent wait for the baseline over what it was (the largest of the workers').",
        "model",
    ),
    _gauge("shadowing_stopped", "1 while shadow calls stop for a slow baseline.", "model"),
    _counter("shadow_retries_total", "Shadow calls made again on a new connection.", "model"),
)
