"""A tap that runs, and peers that talk to it byte for byte."""

from __future__ import annotations

import asyncio

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from shadowmon.clock import SystemClock
from shadowmon.ipc.handover import ExchangeHead
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import RouteSettings, TapSettings
from shadowmon.traffic.tap import Fate, make_tap


CHAT = {"chat": RouteSettings(path_prefix="/v1", baseline="base")}


@dataclass
class Tapped:
    """A tap that runs, and what it handed over."""

    port: int = 0
    has_room: bool = True
    exchanges: list[tuple[ExchangeHead, bytes]] = field(default_factory=list)
    fates: Counter[Fate] = field(default_factory=Counter)
    on_take: Callable[[ExchangeHead, bytes], bool] | None = None

    def hand_over(self, head: ExchangeHead, body: bytes) -> bool:
        return (self.on_take or self.take)(head, body)

    def take(self, head: ExchangeHead, body: bytes) -> bool:
        if self.has_room:
            self.exchanges.append((head, body))
        return self.has_room

    def count(self, fate: Fate) -> None:
        self.fates[fate] += 1

    async def connect(self) -> Peer:
        return Peer(*await asyncio.open_connection("127.0.0.1", self.port))

    async def send(self, raw: bytes) -> bytes:
        """Send one request on a connection of its own; return the whole answer."""
        async with await self.connect() as peer:
            peer.writer.write(raw)
            return await peer.answer()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.005)


@dataclass
class Peer:
    """One connection to the tap."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def answer(self) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def is_closed(self) -> bool:
        """Wait for the end of the connection, throwing away what comes before it."""
        async with asyncio.timeout(5):
            try:
                await self.reader.read()
            except ConnectionError:
                return True
            return self.reader.at_eof()


@asynccontextmanager
async def a_tap(
    routes: dict[str, RouteSettings] | None = None, *, port: int = 0, **settings: Any
) -> AsyncIterator[Tapped]:
    tapped = Tapped()
    server = make_tap(
        TapSettings(**settings),
        routes=routes or CHAT,
        sampling=Sampling("salt"),
        hand_over=tapped.hand_over,
        count=tapped.count,
        clock=SystemClock(),
        make_id=lambda: "made-up",
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    tapped.port = runner.addresses[0][1]
    try:
        yield tapped
    finally:
        await runner.cleanup()
