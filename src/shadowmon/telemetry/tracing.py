"""
W3C trace context, and optional OpenTelemetry spans of what shadowmon does itself.

A shadow call goes on with the trace of the user's request, as a child of it, so that the model's
own spans can be found from there. But it is not part of what the user waited for: unless asked, it
is marked as not sampled, so that no back end shows shadow work in production's traces.

Source: W3C Trace Context, Recommendation of 23 November 2021, sections 3.2 (traceparent) and 3.3
(tracestate). Rule 1 of section 4.3: what cannot be read is ignored, and a new trace begins nowhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import re

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shadowmon.records import ExchangeId, Headers, ModelName
from shadowmon.telemetry.settings import TracingSettings


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


# --- spans of our own ---


class Spans(Protocol):
    """Where spans go."""

    def span(
        self,
        name: str,
        context: TraceContext | None = None,
        attributes: Mapping[str, str | int | float] | None = None,
    ) -> contextlib.AbstractContextManager[None]:
        """
        Measure what the block takes.

        Args:
            name: `room.noun_verbed`, constant.
            context: Of the user's request: the span is its child; None begins a trace.
            attributes: Names and numbers; never a body.
        """
        ...

    def close(self) -> None:
        """Send what waits, for a bounded time."""
        ...


class NoSpans:
    """Nobody wants spans: costs a call and nothing else."""

    def span(
        self,
        name: str,
        context: TraceContext | None = None,
        attributes: Mapping[str, str | int | float] | None = None,
    ) -> contextlib.AbstractContextManager[None]:
        """See `Spans.span`."""
        del name, context, attributes
        return contextlib.nullcontext()

    def close(self) -> None:
        """See `Spans.close`."""


def open_spans(settings: TracingSettings, process: str) -> Spans:
    """
    Return where spans go.

    Args:
        settings: Of tracing; without an endpoint there are no spans.
        process: Which of the daemon's processes this is.

    Raises:
        RuntimeError: If spans are wanted and the extra is not installed.

    """
    if not settings.otlp_endpoint:
        return NoSpans()
    return _OtlpSpans(settings, process)


class _OtlpSpans:
    """Spans by OTLP over HTTP, sent in the background; what finds no room is dropped."""

    def __init__(self, settings: TracingSettings, process: str) -> None:
        try:
            # The extra is loaded by those who want it and by nobody else.
            from opentelemetry import trace  # noqa: PLC0415
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415
        except ImportError as error:
            msg = (
                "telemetry.tracing.otlp_endpoint: spans need OpenTelemetry, which is missing; "
                "pip install 'shadowmon[otel]'"
            )
            raise RuntimeError(msg) from error
        self._api: Any = trace
        named = Resource.create({"service.name": "shadowmon", "shadowmon.process": process})
        self._provider = TracerProvider(
            resource=named, sampler=TraceIdRatioBased(settings.sample_rate)
        )
        exporter = OTLPSpanExporter(
            endpoint=settings.otlp_endpoint, timeout=settings.timeout_seconds
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("shadowmon")

    @contextlib.contextmanager
    def span(
        self,
        name: str,
        context: TraceContext | None = None,
        attributes: Mapping[str, str | int | float] | None = None,
    ) -> Iterator[None]:
        """See `Spans.span`."""
        parent = self._parent(context) if context else None
        with self._tracer.start_as_current_span(name, context=parent, attributes=attributes):
            yield

    def close(self) -> None:
        """See `Spans.close`."""
        self._provider.shutdown()

    def _parent(self, context: TraceContext) -> Any:  # noqa: ANN401 - OpenTelemetry's own
        api = self._api
        span = api.SpanContext(
            trace_id=int(context.trace_id, 16),
            span_id=int(context.parent_id, 16),
            is_remote=True,
            trace_flags=api.TraceFlags(int(context.sampled)),
        )
        return api.set_span_in_context(api.NonRecordingSpan(span))
