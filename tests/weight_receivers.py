"""Somebody's own controller on loopback, which is told weights and tells its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web


class TakesWeights(Protocol):
    """Whatever is behind the server."""

    url: str

    async def take(self, request: web.Request) -> web.Response:
        """Take a weight in."""
        ...

    async def tell(self, request: web.Request) -> web.Response:
        """Tell the weight."""
        ...


@asynccontextmanager
async def taking_weights(receiver: TakesWeights) -> AsyncIterator[None]:
    """Serve one; its `url` is where it takes weights, and what leads elsewhere ends there too."""
    app = web.Application()
    app.router.add_post("/weights", receiver.take)
    app.router.add_post("/elsewhere", receiver.take)
    app.router.add_get("/weights", receiver.tell)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/weights"
    try:
        yield
    finally:
        await runner.cleanup()
