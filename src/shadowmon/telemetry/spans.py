"""
Optional OpenTelemetry spans of what shadowmon does itself: shadow calls, and scoring.

Rule 1: a span holds names and numbers, never a body, never an error's own words, for they may quote
        what somebody said.
Rule 2: nothing waits for spans: they are sent in the background, what finds no room is dropped, and
        a stop is held up for a second at most.
"""

from __future__ import annotations

import contextlib
import threading

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Protocol, TypeAlias

from shadowmon.errors import Complaint
from shadowmon.telemetry.settings import TracingSettings
from shadowmon.telemetry.tracing import TraceContext


Attribute: TypeAlias = str | int | float

KEY = "telemetry.tracing.otlp_endpoint"
_CLOSE_SECONDS = 1.0
_SPAN_ID_HEX = "016x"


class Span(Protocol):
    """What is being measured."""

    @property
    def id(self) -> str:
        """Return its id, 16 hexadecimal digits; empty if nobody will see it."""

    def tell(self, name: str, value: Attribute) -> None:
        """Add an attribute, a name or a number."""


class Spans(Protocol):
    """Where spans go."""

    def span(
        self,
        name: str,
        context: TraceContext | None = None,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> contextlib.AbstractContextManager[Span]:
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


class _Unseen:
    """A span that nobody will see."""

    id = ""

    def tell(self, name: str, value: Attribute) -> None:
        """See `Span.tell`."""


_UNSEEN = contextlib.nullcontext(_Unseen())


class NoSpans:
    """Nobody wants spans: costs a call and nothing else."""

    def span(
        self,
        name: str,
        context: TraceContext | None = None,
        attributes: Mapping[str, Attribute] | None = None,
    ) -> contextlib.AbstractContextManager[Span]:
        """See `Spans.span`."""
        del name, context, attributes
        return _UNSEEN

    def close(self) -> None:
        """See `Spans.close`."""


NO_SPANS = NoSpans()


def missing_extra() -> Complaint | None:
    """Say what to install, if OpenTelemetry is not there."""
    try:
        if find_spec("opentelemetry.exporter.otlp.proto.http") is not None:
            return None
    except ModuleNotFoundError:  # not even the package above it
        pass
    return Complaint(
        key=KEY,
        problem="spans need OpenTelemetry, which is missing",
        hint="install the extra: pip install 'shadowmon[otel]'",
    )


def open_spans(settings: TracingSettings, process: str) -> Spans:
    """
    Return where spans go.

    Args:
        settings: Of tracing; without an endpoint there are no spans.
        process: Which of the daemon's processes this is.

    Raises:
        ImportError: If spans are wanted and the extra is not installed; see `missing_extra`.

    """
    return _OtlpSpans(settings, process) if settings.otlp_endpoint else NO_SPANS


class _OtlpSpan:
    def __init__(self, span: Any) -> None:  # noqa: ANN401 - OpenTelemetry's own
        self._span = span

    @property
    def id(self) -> str:
        """See `Span.id`."""
        context = self._span.get_span_context()
        return format(context.span_id, _SPAN_ID_HEX) if context.trace_flags.sampled else ""

    def tell(self, name: str, value: Attribute) -> None:
        """See `Span.tell`."""
        self._span.set_attribute(name, value)


class _OtlpSpans:
    """Spans by OTLP over HTTP."""

    def __init__(self, settings: TracingSettings, process: str) -> None:
        # The extra is loaded by those who want it and by nobody else.
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415

        self._api: Any = trace
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "shadowmon", "shadowmon.process": process}),
            sampler=TraceIdRatioBased(settings.sample_rate),
            shutdown_on_exit=False,
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
        attributes: Mapping[str, Attribute] | None = None,
    ) -> Iterator[Span]:
        """See `Spans.span`."""
        with self._tracer.start_as_current_span(
            name,
            context=self._parent(context) if context else None,
            attributes=attributes,
            record_exception=False,  # its words may quote what somebody said
            set_status_on_exception=False,
        ) as span:
            try:
                yield _OtlpSpan(span)
            except BaseException as error:
                span.set_status(self._api.StatusCode.ERROR, type(error).__name__)
                raise

    def close(self) -> None:
        """See `Spans.close`."""
        # The exporter tries for longer than a stop may take, and cannot be told to give up.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _parent(self, context: TraceContext) -> Any:  # noqa: ANN401 - OpenTelemetry's own
        api = self._api
        span = api.SpanContext(
            trace_id=int(context.trace_id, 16),
            span_id=int(context.parent_id, 16),
            is_remote=True,
            trace_flags=api.TraceFlags(int(context.sampled)),
        )
        return api.set_span_in_context(api.NonRecordingSpan(span))
