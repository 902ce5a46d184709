"""
The nouns that flow, in flow order.

Read this file from top to bottom and you have read the pipeline:

    Exchange -> Reply -> Pair -> Observation -> Account -> Evidence -> Verdict -> Command

Rule 1: a record is frozen, knows no I/O, and has no method that decides.
Rule 2: a field carries its unit in its name, unless its type does.
Rule 3: nothing here imports anything of shadowmon.
"""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType, TypeAlias


ExchangeId = NewType("ExchangeId", str)
RouteName = NewType("RouteName", str)
ModelName = NewType("ModelName", str)
TrialId = NewType("TrialId", str)
MetricName = NewType("MetricName", str)
SliceName = NewType("SliceName", str)
StageName = NewType("StageName", str)

Weight = NewType("Weight", int)
"""Share of production traffic, in basis points: 10_000 is all of it."""

NO_TRAFFIC = Weight(0)
ALL_TRAFFIC = Weight(10_000)

EVERYTHING = SliceName("all")
"""The slice that every exchange is in."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names in lower case, in the order of the wire; bytes that are not UTF-8 are replaced."""

SHADOW_HEADER = "x-shadowmon-shadow"
"""On every call of the mirror. A request that has it already is never mirrored again: where a model
is reached through this very proxy, or through a mirror, it would go round for ever."""


# --- What production saw ---------------------------------------------------


class Ending(enum.StrEnum):
    """How production's own answer ended."""

    COMPLETE = "complete"
    CLIENT_GONE = "client_gone"
    """The user went away: what was answered by then is no measure of the model."""
    TRUNCATED = "truncated"
    """The model server cut its answer short."""
    UNREACHABLE = "unreachable"
    """No connection, or none of an answer before the connection ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What one model answered on production's own path."""

    model: ModelName
    ending: Ending
    status: int = 0
    """HTTP status; 0 when there was no answer at all."""
    headers: Headers = ()
    body: bytes = b""
    """Chunked framing is taken off; content codings are not."""
    duration_seconds: float
    first_byte_seconds: float | None = None
    """From the end of the request's head to the first byte of the answer's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One production request, and the answer production gave if the source saw it."""

    id: ExchangeId
    route: RouteName
    source: str
    method: str
    target: str
    """The request's target as on the wire: path and query, not decoded."""
    headers: Headers = ()
    body: bytes = b""
    served: Served | None = None
    """The answer that the user got. None where the source saw the request only (a mirror)."""
    failed_first: Served | None = None
    """The optimized model's failed try, when the user was served by the baseline instead."""
    also: tuple[Served, ...] = ()
    """What other models answered to the same request, where production asked them too and the
    source saw it (loggers that share an id). None of them is the served one's model."""
    received_at: datetime
    slices: frozenset[SliceName] = frozenset({EVERYTHING})


# --- What the models answered ----------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that a model proposed. Nothing here ever executes one."""

    name: str
    arguments: Any
    """The parsed JSON; None if what the model wrote is not JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token that a model chose, and what it thought of it."""

    text: str
    log_probability: float
    """Natural logarithm, at most 0."""
    alternatives: Mapping[str, float] = field(default_factory=dict)
    """Log probabilities of the likeliest tokens at this place, as many as the wire carried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that a request offers to the model."""

    name: str
    parameters: Any = None
    """The JSON Schema of its arguments; None if the request gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    What a request asks, in the normal form that every codec reads into. Only for measuring.

    A part that the wire did not carry is empty.
    """

    instructions: str = ""
    """What the system, or the developer, told the model."""
    text: str = ""
    """What the user said last: the prompt."""
    source: str = ""
    """Everything that users and tools put in, one after the other: what an answer can draw on."""
    turns: int = 0
    """Messages in the conversation."""
    tools: tuple[Tool, ...] = ()
    schema: Any = None
    """The JSON Schema that the answer was asked to follow."""
    tests: str = ""
    """A program that checks the code in an answer; by the codec setting `tests` only."""
    documents: tuple[str, ...] = ()
    """What is to be ranked, or embedded."""


NOTHING_ASKED = Question()
"""Of a wire format whose requests are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    One answer in the normal form that every codec reads into and every scorer reads from.

    A part that the wire did not carry is None (or empty), never a made-up value.
    """

    text: str | None = None
    reasoning: str = ""
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    label: str | None = None
    probabilities: Mapping[str, float] | None = None
    """By label; sums to 1 within rounding."""
    fields: Any = None
    """The answer as JSON, where the answer is JSON."""
    tokens: tuple[Token, ...] = ()
    """The tokens of the text with their probabilities, where the wire carried them."""
    embeddings: tuple[tuple[float, ...], ...] = ()
    """One vector for each input."""
    ranking: tuple[str, ...] | None = None
    """The documents' keys (their places in the request, where they have no other), best first."""
    tensors: Mapping[str, tuple[float, ...]] | None = None
    """Numeric outputs by name, row-major."""
    finish_reason: str | None = None
    """stop, length, tool, filter or error, whatever the wire's own word."""
    incomplete: bool = False
    """A stream that was cut before its end: an availability event, never a short text."""
    error: str | None = None
    """The error that the model server reported in a well-formed answer."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """Of the input tokens, those that came from a prompt cache."""
    reasoning_tokens: int | None = None
    """Of the output tokens, those that were thought and not said."""
    model: str | None = None
    """What the server says it is."""


class Outcome(enum.StrEnum):
    """How a model's turn ended. A failure is a reply, not an exception."""

    OK = "ok"
    ERROR = "error"
    """An HTTP error, or an error object in the body."""
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """No connection could be made."""
    RESET = "reset"
    """The connection ended in the middle of the answer."""
    GARBAGE = "garbage"
    """An answer that the model's codec cannot read."""
    SHED = "shed"
    """Our own limits kept the call from being made. Says nothing about the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one model answered, from production's own path or from the mirror."""

    model: ModelName
    outcome: Outcome
    served: bool = False
    """Did a user get this, or was it called in the shadow?"""
    status: int = 0
    answer: Answer | None = None
    """Present if and only if the outcome is OK."""
    problem: str = ""
    """What went wrong, in words, for people; never a body."""
    duration_seconds: float
    first_byte_seconds: float | None = None
    cost: float | None = None
    """In the currency of the model's price; None if no price is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """
    What an assessor found of a pair: whatever needs I/O to be measured (a judge model, an
    embeddings endpoint, a run in the sandbox). A pure scorer reads it.

    Exactly one of the four forms: a figure in [0, 1] of each model, a `distance` in [0, 1],
    `unavailable`, or `missing`.
    """

    baseline: float | None = None
    optimized: float | None = None
    distance: float | None = None
    unavailable: str = ""
    """Why nothing could be found, in one word, for a reason that has nothing to do with the
    answers (the endpoint is down, the budget is spent). The pair is left out of the metric."""
    missing: str = ""
    """Why nothing could be found, in one word, where the answers may be the cause. Counted as
    missing: an answer must not escape its judge."""
    rate: int = 10_000
    """The probability with which a pair like this one is assessed, in basis points; fixed before
    the assessor saw the pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both models' replies to one exchange: the unit of comparison."""

    trial_id: TrialId
    epoch: int
    stage: int
    """The number of the stage that the trial was in when the exchange was received."""
    exchange_id: ExchangeId
    baseline: Reply
    optimized: Reply
    baseline_again: Reply | None = None
    """The baseline's second answer to the same request, where one was asked for."""
    slices: frozenset[SliceName]
    received_at: datetime
    rate: int = 10_000
    """Probability that this exchange was sampled, in basis points; fixed before its outcome."""
    cluster: str = ""
    """What its user or session is known by (a digest); empty if it is on its own."""
    question: Question = NOTHING_ASKED
    assessments: Mapping[str, Assessment] = field(default_factory=dict)
    """By the assessor's metric (`semantic`, `preference`, `tests_failed`, ...)."""


# --- What the pair says ----------------------------------------------------


class MetricKind(enum.StrEnum):
    """What one observation of a metric is. It decides how it is counted (evidence/outcomes.py)."""

    VERDICTS = "verdicts"
    """A yes or a no about each model: correct, failed, unsafe. Counted in a 2x2 table."""
    DIVERGENCE = "divergence"
    """How far apart the two answers are; 0 is the same. Counted in a histogram."""
    SCORES = "scores"
    """A figure in [0, 1] of each model. Counted in one histogram for each contrast held to."""


class Scope(enum.StrEnum):
    """Over which time a metric's evidence for a climb is gathered."""

    EPOCH = "epoch"
    """Quality: every pair since the evidence began."""
    STAGE = "stage"
    """Service: the present stage's pairs, for load and audience change with the stage."""


class Worse(enum.StrEnum):
    """Which way is worse."""

    HIGHER = "higher"
    LOWER = "lower"


class Contrast(enum.StrEnum):
    """Which figure of two models' rates a limit is about. A positive figure is always worse."""

    MEAN = "mean"
    """The mean divergence itself, in [0, 1]."""
    RELATIVE_DROP = "relative_drop"
    """(baseline - optimized) / baseline, of a good rate."""
    ABSOLUTE_RISE = "absolute_rise"
    """optimized - baseline, of a bad rate."""
    RELATIVE_RISE = "relative_rise"
    """(optimized - baseline) / baseline, of a bad rate."""
    ANY_RISE = "any_rise"
    """More of what only the optimized model does than of what only the baseline does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a scorer measures."""

    name: MetricName
    kind: MetricKind
    scope: Scope = Scope.EPOCH
    worse: Worse = Worse.HIGHER
    """Is a yes, or a high score, bad (HIGHER: an error) or good (LOWER: a correct answer)?"""
    lower: float = 0.0
    upper: float = 1.0
    """Range of a divergence metric's distance. Wider than [0, 1] for what is corrected by the
    baseline's divergence from itself (evidence/floor.py)."""
    held_to: tuple[tuple[Contrast, float], ...] = ()
    """Of a scores metric: each contrast and limit that a claim may be about; the evidence counts
    one histogram for each, so they are fixed before it begins."""
    sentence: str
    """What one observation says, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """
    One metric's measurement on one pair.

    Exactly one of the three forms: both `baseline` and `optimized` (a verdicts or scores metric),
    `distance` (a divergence metric), or `missing` (why there is none, in one word).
    """

    metric: MetricName
    baseline: bool | float | None = None
    """True or False of a verdicts metric, a figure in [0, 1] of a scores metric."""
    optimized: bool | float | None = None
    distance: float | None = None
    missing: str = ""
    rate: int = 10_000
    """The probability with which a sampled pair is measured by this metric, in basis points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All that the scorers said about one pair."""

    pair: Pair
    observations: tuple[Observation, ...]
    scorer_failures: Mapping[str, str] = field(default_factory=dict)
    """Scorer's name -> what went wrong."""


# --- What was counted ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One account of the ledger: what is counted together."""

    trial_id: TrialId
    epoch: int
    stage: int
    """The stage's number for a metric of scope STAGE, else 0."""
    metric: MetricName
    slice: SliceName
    rate: int = 10_000
    """Sampling probability of what is counted here, in basis points."""


Counts: TypeAlias = tuple[int, ...]
"""
Integers that add. Their places are given by the metric's kind (evidence/outcomes.py); the last
place counts the missing ones.
"""


# --- What the counts prove -------------------------------------------------


class Side(enum.StrEnum):
    """Which half of the line a claim is about."""

    WORSE = "worse"
    """The figure is above the limit (E_up)."""
    BETTER = "better"
    """The figure is below the limit (E_dn)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence that evidence can prove: this figure, in this slice, is beyond this limit."""

    metric: MetricName
    slice: SliceName
    contrast: Contrast
    limit: float
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    How far one claim is proven, valid whenever it is read.

    Also carries what a person wants to see beside it: the figure, its interval, the counts.
    """

    claim: Claim
    kind: MetricKind
    log_e_value: float
    """Natural logarithm. Proven at level alpha once it reaches log(1/alpha)."""
    log_e_from_start: float | None = None
    """The same of the bets that began with the first pair, where later ones are counted in; far
    below the whole, it says that the change is recent."""
    count: int
    """Pairs that were measured."""
    missing: int
    """Pairs that should have been measured and could not be; counted against the claim."""
    baseline_rate: float | None
    optimized_rate: float | None
    estimate: float | None
    """The figure of the claim's contrast; None where it is not defined (a baseline rate of 0)."""
    lower: float | None
    upper: float | None
    """Confidence sequence for the figure, at the two-sided level of the settings."""
    counts: Counts
    """What the claim bets on, at all sampling rates one after the other, the highest first; of a
    scores metric one histogram, and the missing."""


# --- What the rules say ----------------------------------------------------


class Decision(enum.StrEnum):
    """What the evidence allows."""

    PROMOTE = "promote"
    HOLD = "hold"
    STEP_DOWN = "step_down"
    ROLL_BACK = "roll_back"


class Grade(enum.StrEnum):
    """What is proven of the optimized model's loss, for people and for the metrics."""

    WAIT = "wait"
    ACCEPT = "accept"
    REVIEW = "review"
    BORDERLINE = "borderline"
    REJECT = "reject"
    RED_LINE = "red_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule's answer, in numbers and as a sentence."""

    rule: str
    grade: Grade
    claim: Claim
    estimate: float | None
    lower: float | None
    upper: float | None
    count: int
    log_e_value: float
    log_e_needed: float
    sentence: str
    counts: Counts = ()
    recompute: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else a person needs to compute the e-value again (bets, weight in the average)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What policy decided, and every reason for it; the deciding reason comes first."""

    trial_id: TrialId
    epoch: int
    decision: Decision
    grade: Grade
    sentence: str
    reasons: tuple[Reason, ...]
    decided_at: datetime


# --- Where the rollout stands ----------------------------------------------


class Phase(enum.StrEnum):
    """Where a trial's rollout is."""

    BENCHMARK = "benchmark"
    SIDE_BY_SIDE = "side_by_side"
    SHADOWING = "shadowing"
    PROGRESSING = "progressing"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One rung of the ladder."""

    name: StageName
    weight: Weight
    min_pairs: int
    """Pairs that must have been scored in this stage before the next climb."""
    min_dwell_seconds: float
    needs_approval: bool = False
    """Does a person have to agree before it is climbed to?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """Everything that the rollout machine remembers."""

    trial_id: TrialId
    epoch: int
    phase: Phase
    paused: bool
    stage_index: int
    """-1 while no stage of the ladder holds weight."""
    stage_count: int
    """Grows by one with every change of stage: the stage's number in the ledger."""
    desired_weight: Weight
    applied_weight: Weight | None
    """What the actuator last read back; None before the first time."""
    entered_stage_at: datetime
    cooldown_until: datetime | None = None
    stepped_down: bool = False
    """Was the last change of stage a step down? A borderline loss steps down once only."""
    approved_index: int | None = None
    """The stage that a person has agreed to climb to."""
    approved_until: datetime | None = None
    """None: for as long as it takes."""
    drifted: bool = False
    """Was the weight changed by another hand after it had been applied? It is not fought over: the
    rollout holds until a person resumes it; a drop still goes out."""


# --- Into the core: events -------------------------------------------------


class Arm(enum.StrEnum):
    """Which of a trial's two models."""

    BASELINE = "baseline"
    OPTIMIZED = "optimized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What users said of one arm's replies."""

    replies: int = 0
    """Those that may be spoken of: exposures."""
    complaints: int = 0
    """Thumbs down are complaints."""
    thumbs_up: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed; here is all that was counted so far."""

    now: datetime
    totals: Mapping[Cell, Counts]
    """The sum of all replicas' accounts of this trial's present epoch."""
    route_holder: TrialId | None = None
    """The trial that holds live weight on this trial's route, if any does."""
    variance_ratio: float | None = None
    """Of the primary metric; None while it is not known (evidence/variance_ratio.py)."""
    felt: Mapping[Arm, Felt] = field(default_factory=dict)
    """What users said in the present stage, as far as it was not told before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightApplied:
    """The actuator did it, and read it back."""

    weight: Weight
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRejected:
    """The actuator could not."""

    weight: Weight
    problem: str
    now: datetime


class Operation(enum.StrEnum):
    """What a person may ask for."""

    PAUSE = "pause"
    RESUME = "resume"
    ROLL_BACK = "roll_back"
    RE_ARM = "re_arm"
    APPROVE = "approve"
    """Agree to the next stage; before the shadow, to go on without what the phase asks for."""
    LOOSEN = "loosen"
    """Let the configured limits take effect where they are looser than those in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAsked:
    """A person used the API or the command line."""

    operation: Operation
    operator: str
    reason: str
    now: datetime
    expires_at: datetime | None = None
    """Of an approval: when it is no longer valid."""
    figures: tuple[tuple[Claim, float | None], ...] | None = None
    """To loosen by evidence: each claim of a stored verdict, with its interval's upper end. None:
    the person overrides, and answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReported:
    """A phase before the shadow was judged: a benchmark's results, or people's preferences."""

    phase: Phase
    """Of which phase this is the result; of another one than the present it is refused."""
    decision: Decision
    """PROMOTE passes the phase, ROLL_BACK ends the trial; HOLD is only journalled."""
    grade: Grade
    sentence: str
    reporter: str
    now: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    """What it was judged by, as JSON."""


Event: TypeAlias = Ticked | WeightApplied | WeightRejected | OperatorAsked | GateReported


# --- Out of the core: commands ---------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight:
    """Give the optimized model this share of its route's traffic."""

    weight: Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write this to the journal before doing anything that comes after it."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell people."""

    event: str
    sentence: str


Command: TypeAlias = SetWeight | Record | Notify


# --- What is remembered ----------------------------------------------------


class EntryKind(enum.StrEnum):
    """What a journal entry tells of."""

    TRIAL_OPENED = "trial_opened"
    PHASE_SKIPPED = "phase_skipped"
    EPOCH_OPENED = "epoch_opened"
    ALARM = "alarm"
    """A person is called; nothing is decided by it (evidence/alarm.py)."""
    VERDICT = "verdict"
    STAGE_ENTERED = "stage_entered"
    WEIGHT_APPLIED = "weight_applied"
    WEIGHT_REJECTED = "weight_rejected"
    WEIGHT_DRIFTED = "weight_drifted"
    GATE = "gate"
    """A phase before the shadow was judged."""
    OPERATION = "operation"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal: what happened, in a sentence and in data."""

    at: datetime
    trial_id: TrialId
    kind: EntryKind
    sentence: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON: only str, int, float, bool, None, list and dict with str keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message about a journal entry that a receiver could not be told."""

    reader: str
    """Whose it was: a receiver of notify/, by name."""
    number: int
    """The entry's."""
    message_id: str
    topic: str
    sentence: str
    problem: str
    """How the last try went."""
    tries: int
    at: datetime
    """When it was given up."""


# --- What comes later than the pair ----------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The truth about an exchange, told after it."""

    exchange_id: ExchangeId
    label: str


class FeedbackKind(enum.StrEnum):
    """What a user said of a reply."""

    COMPLAINT = "complaint"
    THUMB_DOWN = "thumb_down"
    THUMB_UP = "thumb_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """
    What a user said of the reply that they got.

    Of one exchange; or, where that is not known, of a trial's arm and a moment.
    """

    kind: FeedbackKind
    exchange_id: ExchangeId | None = None
    trial_id: TrialId | None = None
    arm: Arm | None = None
    at: datetime | None = None
    """When the reply was given; None: just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A user got this arm's reply to this exchange."""

    trial_id: TrialId
    epoch: int
    stage: int
    exchange_id: ExchangeId
    arm: Arm


class Choice(enum.StrEnum):
    """What a reviewer said of two answers, once it is known which was which."""

    BASELINE = "baseline"
    OPTIMIZED = "optimized"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"
    """Does not want to say; the task is not shown to them again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's blinded choice between two answers."""

    trial_id: TrialId
    epoch: int
    task: ExchangeId
    """The recorded pair's id."""
    reviewer: str
    choice: Choice
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """A scored pair that waits for its label: a digest of what each model said, and no text."""

    trial_id: TrialId
    epoch: int
    exchange_id: ExchangeId
    baseline: str | None
    """None if it failed to say anything (scoring/truth.py)."""
    optimized: str | None
    slices: frozenset[SliceName]
    received_at: datetime
    rate: int = 10_000
    cluster: str = ""
    stage: int = 0
    """Always 0: quality is counted over the whole epoch."""
