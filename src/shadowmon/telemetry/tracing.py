"""
W3C trace context: with which trace a shadow call goes on.

A shadow call goes on with the trace of the user's request, as a child of it, so that the model's
own spans can be found from there. But it is not part of what the user waited for: unless asked, it
is marked as not sampled, so that no back end shows shadow work in production's traces.

Source: W3C Trace Context, Recommendation of 23 November 2021, sections 3.2 (traceparent) and 3.3
(tracestate). Rule 1 of section 4.3: what cannot be read is ignored, and a new trace begins nowhere.
"""

from __future__ import annotations

import hashlib
import re

from dataclasses import dataclass

from shadowmon.records import ExchangeId, Headers, ModelName


TRACEPARENT, TRACESTATE = "traceparent", "tracestate"

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FORBIDDEN_VERSION = "ff"
_SAMPLED = 0x01
_STATE_CHARACTERS_MAX = 512
_SPAN_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """Where a request stands in its trace."""

    trace_id: str
    """32 hexadecimal digits, not all of them 0."""
    parent_id: str
    """16 hexadecimal digits, not all of them 0."""
    sampled: bool
    state: str = ""
    """What vendors pass on, untouched."""


def context_of(headers: Headers) -> TraceContext | None:
    """
    Return the trace context of a request; None if there is none, or none that can be read.

    Args:
        headers: With names in lower case.

    """
    told = [value for name, value in headers if name == TRACEPARENT]
    found = _TRACEPARENT.fullmatch(told[0].strip()) if len(told) == 1 else None
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    is_later = version != "00"
    if version == _FORBIDDEN_VERSION or (more and not is_later):
        return None
    if not int(trace_id, 16) or not int(parent_id, 16):
        return None
    state = ",".join(value for name, value in headers if name == TRACESTATE)
    return TraceContext(
        trace_id=trace_id,
        parent_id=parent_id,
        sampled=bool(int(flags, 16) & _SAMPLED),
        state=state if len(state) <= _STATE_CHARACTERS_MAX else "",
    )


def continued(context: TraceContext, span_id: str, *, sampled: bool = False) -> Headers:
    """
    Return the headers of a call that goes on with a trace.

    Args:
        context: Of the user's request.
        span_id: The call's own.
        sampled: Shall it show up in production's trace, if the user's request does?

    """
    flags = "01" if sampled and context.sampled else "00"
    parent = (TRACEPARENT, f"00-{context.trace_id}-{span_id}-{flags}")
    return (parent, (TRACESTATE, context.state)) if context.state else (parent,)


def span_id_of(exchange_id: ExchangeId, model: ModelName) -> str:
    """Return the id of a shadow call's span: the same again for the same call, and for no other."""
    told = f"{exchange_id}\0{model}".encode("utf-8", "replace")
    return hashlib.blake2b(told, digest_size=_SPAN_BYTES).hexdigest()
