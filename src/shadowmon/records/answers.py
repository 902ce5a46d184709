"""What the models answered, and the two answers side by side."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shadowmon.records.names import ExchangeId, ModelName, SliceName, TrialId


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
