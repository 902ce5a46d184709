"""
Model servers in the test's own process that leave nothing behind when they end.

A connection that is accepted becomes a transport and a protocol only in the loop's next turns. A
test that ends in between leaves a socket open, and whichever test runs when the garbage collector
finds it fails for it.
"""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast


_TURNS_FROM_ACCEPT_TO_SCRIPT = 4
"""Accepted, transport made, protocol told, its task begun."""


class Connection(asyncio.Protocol):
    """A connection to a model server; `serving` tells it who else is there."""

    transport: asyncio.Transport
    open_: set[Connection]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)
        self.open_.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        del exc
        self.open_.discard(self)


async def shut(server: asyncio.Server) -> None:
    """
    Accept nobody any more, let in whoever was accepted already, and close.

    `Server.close` alone loses who is on the way in: asyncio then fails to make their transport,
    and leaves it open.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening)
    for _ in range(_TURNS_FROM_ACCEPT_TO_SCRIPT):
        await asyncio.sleep(0)
    server.close()


@asynccontextmanager
async def serving(make: Callable[[], Connection], port: int = 0) -> AsyncIterator[int]:
    """
    Serve connections on loopback; yields the port.

    Args:
        make: Called for each connection.
        port: 0: any.

    """
    open_: set[Connection] = set()

    def connection() -> Connection:
        made = make()
        made.open_ = open_
        return made

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        await shut(server)
        for each in tuple(open_):
            each.transport.abort()
        while open_:
            await asyncio.sleep(0)
