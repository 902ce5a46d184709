"""Real receivers of messages on loopback, and a clock on which hours pass at once."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.factories import NOON


class QuickClock:
    """A clock whose sleeping moves the time, and takes none."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """See `Clock.now`."""
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        self.seconds += seconds
        await asyncio.sleep(0)


class Inbox:
    """A server that keeps what it is sent; `answer` says how it answers each request."""

    def __init__(self, answer: Callable[[], web.Response] = web.Response) -> None:
        self.answer = answer
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        """(path, headers by lower-case name, body) of every request, whatever was answered."""
        self.taken: list[tuple[dict[str, str], bytes]] = []
        """Those that were answered 2xx."""
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Inbox]:
        """Serve for as long as the block takes."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        async with TestServer(app) as server:
            self.url = str(server.make_url("/")).rstrip("/")
            yield self

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.came.append((request.path, headers, body))
        answer = self.answer()
        if answer.status < 300:
            self.taken.append((headers, body))
        return answer


def uncounted(receiver: str, fate: str, /, *, by: float = 1.0) -> None:
    """Count nothing: for whoever does not look at what becomes of messages."""


async def until(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait, in real time, until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.002)
