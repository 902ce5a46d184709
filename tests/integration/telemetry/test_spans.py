"""Spans arrive where they are sent, as children of the user's request."""

from __future__ import annotations

import asyncio

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shadowmon.telemetry.settings import TracingSettings
from shadowmon.telemetry.tracing import TraceContext, open_spans


async def test_spans_arrive() -> None:
    """A span has its name, its attributes, and the user's request as its parent."""
    got: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        assert request.headers.get("content-encoding", "identity") == "identity"
        got.append(await request.read())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    settings = TracingSettings(otlp_endpoint=f"http://127.0.0.1:{port}/v1/traces", sample_rate=1.0)
    spans = open_spans(settings, "scoring")
    context = TraceContext(trace_id="ab" * 16, parent_id="cd" * 8, sampled=True)

    with spans.span("mirror.model_called", context, {"model": "int8"}):
        pass
    await asyncio.to_thread(spans.close)
    await runner.cleanup()

    (resource,) = ExportTraceServiceRequest.FromString(got[0]).resource_spans
    (span,) = resource.scope_spans[0].spans
    named = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert named["service.name"] == "shadowmon"
    assert named["shadowmon.process"] == "scoring"
    assert span.name == "mirror.model_called"
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == ("ab" * 16, "cd" * 8)
    assert [(each.key, each.value.string_value) for each in span.attributes] == [("model", "int8")]
