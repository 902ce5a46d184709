"""Spans arrive where they are sent, as children of the user's request."""

from __future__ import annotations

import asyncio
import time

import pytest

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from shadowmon.telemetry.settings import TracingSettings
from shadowmon.telemetry.spans import Spans, open_spans
from shadowmon.telemetry.tracing import TraceContext
from tests.integration.telemetry.collectors import Collector, a_collector, attributes


CONTEXT = TraceContext(trace_id="ab" * 16, parent_id="cd" * 8, sampled=True)


def spans_to(
    collector: Collector, *, sample_rate: float = 1.0, timeout_seconds: float = 5.0
) -> Spans:
    """Send spans there."""
    wanted = TracingSettings(
        otlp_endpoint=collector.url, sample_rate=sample_rate, timeout_seconds=timeout_seconds
    )
    return open_spans(wanted, "scoring")


async def test_spans_arrive() -> None:
    """A span has its name, its attributes, and the user's request as its parent."""
    async with a_collector() as collector:
        spans = spans_to(collector)
        with spans.span("mirror.model_called", CONTEXT, {"model": "int8"}) as told:
            told.tell("outcome", "ok")
        await asyncio.to_thread(spans.close)

    (resource,) = collector.requests()[0].resource_spans
    (span,) = collector.spans()
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert named["service.name"] == "shadowmon"
    assert named["shadowmon.process"] == "scoring"
    assert span.name == "mirror.model_called"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == ("ab" * 16, "cd" * 8)
    assert span.span_id.hex() == told.id
    assert attributes(span) == {"model": "int8", "outcome": "ok"}


async def test_an_error_is_named_and_not_quoted() -> None:
    """A span that ended with an error tells the error's class; its words may be somebody's."""
    words = "what a user said"
    async with a_collector() as collector:
        spans = spans_to(collector)
        with pytest.raises(ValueError, match=words), spans.span("scoring.pairs_scored"):
            raise ValueError(words)
        await asyncio.to_thread(spans.close)

    (span,) = collector.spans()
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert span.status.message == "ValueError"
    assert words.encode() not in b"".join(collector.bodies)


async def test_what_is_not_in_the_sample_is_not_sent() -> None:
    """A span outside of the sample has no id that anybody could look for, and never arrives."""
    async with a_collector() as collector:
        spans = spans_to(collector, sample_rate=0.0)
        with spans.span("mirror.model_called", CONTEXT) as told:
            pass
        await asyncio.to_thread(spans.close)

    assert told.id == ""
    assert collector.bodies == []


async def test_a_collector_that_hangs_holds_nobody_up() -> None:
    """A stop waits for spans for a second, however long the collector takes."""
    async with a_collector(hangs=True) as collector:
        spans = spans_to(collector, timeout_seconds=30.0)
        with spans.span("mirror.model_called"):
            pass
        began = time.monotonic()
        await asyncio.to_thread(spans.close)
        took = time.monotonic() - began

    assert collector.bodies
    assert took < 2.0
