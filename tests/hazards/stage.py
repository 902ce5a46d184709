"""
Where a hazard is played out: a raw user before a proxy, a model server that records behind it.

A hazard is one small function with one sentence: it is given a `Stage`, and fails by an assertion.
It knows nothing of which proxy it plays with, so that nginx and Envoy can be held to the same
(`python -m benchmarks hazards`).

Rule 1: what the RFCs leave open is left open: a check fails only on what hurts a user or a model.
Rule 2: to hang is to fail: nothing is waited for longer than `PATIENCE_SECONDS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from tests.integration.proxy.rig import OK, Answer, Client, ModelServer, Script, answering


PATIENCE_SECONDS = 4.0
SETTLE_SECONDS = 0.02
"""In which a proxy notices that connections were closed."""
TIMEOUT_SECONDS = 1.0
"""What each proxy is configured to: for a head, and between two pieces of a body."""
ABSORBED_MAX = 24 * 2**20
"""Bytes that may lie in sockets and buffers on the way from one end to the other."""

GET = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass
class Stage:
    """One proxy, one model server behind it, and users as they are wanted."""

    port: int
    """The proxy's."""
    model: ModelServer
    _clients: list[Client] = field(default_factory=list)

    def plays(self, script: Script) -> None:
        """Have the model server do this from now on."""
        self.model.script = script

    async def user(self) -> Client:
        """Connect a user."""
        connection = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        self._clients.append(Client(*connection))
        return self._clients[-1]

    async def ask(self, request: bytes, *, to_head: bool = False) -> Answer:
        """Ask once, on a new connection."""
        return await (await self.user()).ask(request, to_head=to_head)

    async def reply(self, request: bytes) -> Answer | None:
        """Ask once; None if the connection is closed without an answer."""
        user = await self.user()
        try:
            return await user.ask(request)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def seen(self) -> bytes:
        """Take every byte that the model server was sent since this was last asked."""
        raw = self.model.raw
        for visit in self.model.visits:
            visit.raw = b""
            visit.requests.clear()
        return raw

    async def leave(self) -> None:
        """Send the users home."""
        for client in self._clients:
            await client.end()


@contextlib.asynccontextmanager
async def a_stage(port: int, listening: socket.socket) -> AsyncIterator[Stage]:
    """
    Set a stage up, with a model server that answers 200 until it is told otherwise.

    Args:
        port: The proxy's.
        listening: Where the proxy expects the model server; stays open, so that the next stage
            may have it.

    """
    model = ModelServer(answering(OK))
    await model.start(listening=listening.dup())
    stage = Stage(port, model)
    try:
        yield stage
    finally:
        await stage.leave()
        await model.end()
        await asyncio.sleep(SETTLE_SECONDS)


Hazard = Callable[[Stage], Awaitable[None]]

HAZARDS: list[Hazard] = []


def hazard(play: Hazard) -> Hazard:
    """Put a function among the hazards."""
    HAZARDS.append(play)
    return play


async def refuses(stage: Stage, request: bytes, *, part: bool = False) -> None:
    """
    See that a request is refused and no model server hears of it.

    Args:
        stage: Where.
        request: All of it.
        part: It shows only after the head, so that the head may have been passed on; no whole
            request may.

    """
    answer = await stage.reply(request)
    assert answer is None or answer.status >= 400, f"{answer.status} for {request[:120]!r}"
    await asyncio.sleep(0)
    whole = stage.model.requests
    raw = stage.seen()
    assert not whole, f"a whole request was passed on for {request[:120]!r}"
    assert part or not raw, f"{raw[:120]!r} was passed on for {request[:120]!r}"


def lines(head: bytes) -> list[bytes]:
    """Return a head's field lines, names in lower case."""
    found = []
    for line in head.split(b"\r\n")[1:-2]:
        name, _, value = line.partition(b":")
        found.append(name.lower() + b":" + value)
    return found


def names(head: bytes) -> set[bytes]:
    """Return the names of a head's fields, in lower case."""
    return {line.partition(b":")[0] for line in lines(head)}


def post(body: bytes, *fields: bytes, target: bytes = b"/v1/chat/completions") -> bytes:
    """Return a request with a body, its length declared."""
    head = [b"POST " + target + b" HTTP/1.1", b"Host: a", *fields]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])


def with_fields(*fields: bytes, body: bytes = b"", host: bytes = b"Host: a") -> bytes:
    """Return a POST with exactly these fields beside its Host."""
    return b"\r\n".join([b"POST /v1/x HTTP/1.1", host, *fields, b"", body])
