"""
What does a model's answer come to? Bytes to `Reply`, for production's own answers and for the
mirror's alike, so that both are held to the same rules. Pure.
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shadowmon.errors import CodecError
from shadowmon.mirror.settings import PriceSettings
from shadowmon.records import Answer, Ending, Headers, ModelName, Outcome, Reply, Served


READABLE_CODINGS = frozenset({"identity", "gzip", "x-gzip", "deflate"})
"""Content codings that codecs take off. Another one is our limit and not the model's fault."""

_BAD_STATUS = 400
_WORDS = re.compile(r"[A-Za-z0-9_. -]{1,80}")


class Wire(Protocol):
    """
    The part of a route's codec that a call needs.

    It is written down here as well because mirror and traffic do not know each other.
    """

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """Read an answer into the normal form, or raise `CodecError`."""
        ...

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """Return the request's body for another model, or raise `CodecError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer that came whole, as far as HTTP goes."""

    status: int
    headers: Headers
    body: bytes
    duration_seconds: float
    first_byte_seconds: float | None = None


def read_reply(
    model: ModelName,
    received: Received,
    *,
    codec: Wire,
    price: PriceSettings | None,
    served: bool = False,
) -> Reply:
    """Judge an answer: OK, or in which way it failed."""
    outcome, problem, answer = _judge(received, codec)
    return Reply(
        model=model,
        outcome=outcome,
        served=served,
        status=received.status,
        answer=answer,
        problem=problem,
        duration_seconds=received.duration_seconds,
        first_byte_seconds=received.first_byte_seconds,
        cost=None if answer is None else cost(answer, received.duration_seconds, price),
    )


def reply_of(served: Served, *, codec: Wire, price: PriceSettings | None) -> Reply:
    """
    Turn production's own answer into a reply.

    Raises:
        ValueError: If the answer is not complete; `pairing` says what such a one means.

    """
    if served.ending is not Ending.COMPLETE:
        msg = f"only a complete answer is a reply by itself, and this one is {served.ending}"
        raise ValueError(msg)
    received = Received(
        status=served.status,
        headers=served.headers,
        body=served.body,
        duration_seconds=served.duration_seconds,
        first_byte_seconds=served.first_byte_seconds,
    )
    return read_reply(served.model, received, codec=codec, price=price, served=True)


def _judge(received: Received, codec: Wire) -> tuple[Outcome, str, Answer | None]:
    if received.status >= _BAD_STATUS:
        return Outcome.ERROR, f"status {received.status}", None
    unreadable = _codings(received.headers) - READABLE_CODINGS
    if unreadable:
        return Outcome.SHED, "the answer has a content coding that is not read", None
    try:
        answer = codec.read_answer(
            status=received.status, headers=received.headers, body=received.body
        )
    except CodecError as error:
        return Outcome.GARBAGE, str(error), None
    if answer.error is not None:
        word = answer.error if _WORDS.fullmatch(answer.error) else "error"
        return Outcome.ERROR, f"status {received.status} with an error in the body: {word}", None
    if answer.incomplete:
        return Outcome.RESET, "the stream ended before its end", None
    return Outcome.OK, "", answer


def _codings(headers: Headers) -> set[str]:
    values = ",".join(value for name, value in headers if name == "content-encoding")
    return {coding.strip().lower() for coding in values.split(",")} - {""}


def cost(answer: Answer, seconds: float, price: PriceSettings | None) -> float | None:
    """Return what an answer cost; None if there is no price, or tokens are priced and unknown."""
    if price is None:
        return None
    total = price.per_request + price.per_second * seconds
    for each, tokens in (
        (price.per_input_token, answer.input_tokens),
        (price.per_output_token, answer.output_tokens),
    ):
        if not each:
            continue
        if tokens is None:
            return None
        total += each * tokens
    return total
