"""Fake endpoints on loopback, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import json

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.factories import NOON


class HandClock:
    """Stands still until it is moved; waiting is real."""

    def __init__(self) -> None:
        self.moved = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.moved)

    def monotonic(self) -> float:
        return self.moved

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Asked:
    """One call to a fake."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Fake:
    """Where a fake listens, what it was asked, and what it says to a call."""

    answer: Callable[[Asked], Any]
    url: str = ""
    calls: list[Asked] = field(default_factory=list)
    pause_seconds: float = 0.0
    """How long it thinks before it answers."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(path=request.path, headers=headers, body=json.loads(await request.read()))
        self.calls.append(asked)
        await asyncio.sleep(self.pause_seconds)
        found = self.answer(asked)
        return found if isinstance(found, web.StreamResponse) else web.json_response(found)


@asynccontextmanager
async def a_fake(answer: Callable[[Asked], Any]) -> AsyncIterator[Fake]:
    """Serve; what `answer` returns is sent as JSON, unless it is a response."""
    fake = Fake(answer)
    app = web.Application()
    app.router.add_post("/{path:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.url = str(server.make_url("/v1"))
        yield fake


def status(number: int, **headers: str) -> web.Response:
    """Return an answer that is nothing but a status."""
    return web.Response(status=number, headers=headers, text="no")
