"""
The nouns that flow, in flow order.

Read these files in this order and you have read the pipeline:

    names -> exchange -> answers -> observations -> evidence -> verdicts -> rollout
          -> events (into the core) -> commands (out of it) -> afterwards (what comes late)

    Exchange -> Reply -> Pair -> Observation -> Account -> Evidence -> Verdict -> Command

Rule 1: a record is frozen, knows no I/O, and has no method that decides.
Rule 2: a field carries its unit in its name, unless its type does.
Rule 3: nothing here imports anything of shadowmon but what stands earlier in this order.

Everybody imports from here; the files are for reading.
"""

from __future__ import annotations

from shadowmon.records.afterwards import (
    Awaiting,
    Choice,
    Exposure,
    Feedback,
    FeedbackKind,
    Label,
    Preference,
)
from shadowmon.records.answers import (
    NOTHING_ASKED,
    Answer,
    Assessment,
    Outcome,
    Pair,
    Question,
    Reply,
    Token,
    Tool,
    ToolCall,
)
from shadowmon.records.commands import (
    Command,
    DeadLetter,
    Entry,
    EntryKind,
    Notify,
    Record,
    SetWeight,
)
from shadowmon.records.events import (
    Arm,
    Event,
    Felt,
    GateReported,
    Operation,
    OperatorAsked,
    Ticked,
    WeightApplied,
    WeightRejected,
)
from shadowmon.records.evidence import Claim, Evidence, Side
from shadowmon.records.exchange import Ending, Exchange, Served
from shadowmon.records.names import (
    ALL_TRAFFIC,
    EVERYTHING,
    NO_TRAFFIC,
    SHADOW_HEADER,
    ExchangeId,
    Headers,
    MetricName,
    ModelName,
    RouteName,
    SliceName,
    StageName,
    TrialId,
    Weight,
)
from shadowmon.records.observations import (
    Cell,
    Contrast,
    Counts,
    Metric,
    MetricKind,
    Observation,
    Scope,
    Score,
    Worse,
)
from shadowmon.records.rollout import Phase, RolloutState, Stage
from shadowmon.records.verdicts import Decision, Grade, Reason, Verdict


__all__ = [
    "ALL_TRAFFIC",
    "EVERYTHING",
    "NOTHING_ASKED",
    "NO_TRAFFIC",
    "SHADOW_HEADER",
    "Answer",
    "Arm",
    "Assessment",
    "Awaiting",
    "Cell",
    "Choice",
    "Claim",
    "Command",
    "Contrast",
    "Counts",
    "DeadLetter",
    "Decision",
    "Ending",
    "Entry",
    "EntryKind",
    "Event",
    "Evidence",
    "Exchange",
    "ExchangeId",
    "Exposure",
    "Feedback",
    "FeedbackKind",
    "Felt",
    "GateReported",
    "Grade",
    "Headers",
    "Label",
    "Metric",
    "MetricKind",
    "MetricName",
    "ModelName",
    "Notify",
    "Observation",
    "Operation",
    "OperatorAsked",
    "Outcome",
    "Pair",
    "Phase",
    "Preference",
    "Question",
    "Reason",
    "Record",
    "Reply",
    "RolloutState",
    "RouteName",
    "Scope",
    "Score",
    "Served",
    "SetWeight",
    "Side",
    "SliceName",
    "Stage",
    "StageName",
    "Ticked",
    "Token",
    "Tool",
    "ToolCall",
    "TrialId",
    "Verdict",
    "Weight",
    "WeightApplied",
    "WeightRejected",
    "Worse",
]
