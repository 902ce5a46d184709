"""Mutated requests through a proxy, and what two judges say of what came out behind it."""

from __future__ import annotations

import asyncio
import contextlib

from collections.abc import Iterable
from dataclasses import dataclass

from tests.hazards.judges import LlhttpReader, agree, by_llhttp
from tests.hazards.stage import Stage
from tests.integration.proxy.rig import OK, Visit


AT_ONCE = 16
ANSWER_SECONDS = 0.12
"""A mutant whose end nobody sees is given up after this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of all mutants of one seed."""

    sent: int
    forwarded: int
    """Whole requests that the model server saw."""
    disagreements: tuple[bytes, ...]
    """What came on a connection that the judges see differently."""


async def fuzz(stage: Stage, requests: Iterable[bytes], *, behind: bytes = b"") -> Outcome:
    """
    Send each request on a connection of its own; judge what the model server was sent.

    Args:
        stage: Where.
        requests: What is sent.
        behind: A good request that goes first on each of the connections; its answer is waited for.

    """
    stage.plays(_recording)
    left = list(requests)
    sent = len(left)

    async def send() -> None:
        while left:
            await _send(stage.port, behind, left.pop())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(send())
    await asyncio.sleep(ANSWER_SECONDS)
    connections = [visit.raw for visit in stage.model.visits]
    return Outcome(
        sent=sent,
        forwarded=sum(len(by_llhttp(raw).whole) for raw in connections),
        disagreements=tuple(raw for raw in connections if not agree(raw)),
    )


async def _send(port: int, first: bytes, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(OSError, TimeoutError):
        if first:
            writer.write(first)
            assert (await reader.read(65_536)).startswith(b"HTTP/1.1 200 ")
        async with asyncio.timeout(ANSWER_SECONDS):
            # What is known by heart is known at one stroke; everything else shall come in pieces.
            half = 0 if first else len(request) // 2
            writer.write(request[:half])
            await asyncio.sleep(0)
            writer.write(request[half:])
            while await reader.read(65_536):
                pass
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _recording(visit: Visit) -> None:
    """Keep every byte, and answer whenever llhttp sees the end of a request."""
    reader = LlhttpReader()
    with contextlib.suppress(ConnectionError):
        while data := await visit.reader.read(65_536):
            visit.raw += data
            for _ in range(reader.feed(data)):
                await visit.say(OK)
