"""A collector of spans, as OpenTelemetry's own: it takes OTLP over HTTP, and can be slow."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What came."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    lets_go: asyncio.Event = field(default_factory=asyncio.Event)

    def requests(self) -> list[ExportTraceServiceRequest]:
        """Return all that was sent."""
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    def spans(self) -> Iterator[Span]:
        """Return every span."""
        for request in self.requests():
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans


@asynccontextmanager
async def a_collector(*, hangs: bool = False) -> AsyncIterator[Collector]:
    """Collect for as long as the block takes."""
    collector = Collector()

    async def take(request: web.Request) -> web.Response:
        collector.bodies.append(await request.read())
        if hangs:
            await collector.lets_go.wait()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    try:
        yield collector
    finally:
        collector.lets_go.set()
        await runner.cleanup()


def attributes(span: Span) -> dict[str, str | int]:
    """Return a span's attributes."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
