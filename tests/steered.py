"""Two model servers that say who they are, users who ask, and a real proxy between them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
import time

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.served import Connection, serving


BASELINE, OPTIMIZED = b"B", b"O"
USERS = 2000
_CONNECTIONS = 8
_HANGS_SECONDS = 30.0
"""Whoever is not answered by then never will be."""
_REQUEST = "GET / HTTP/1.1\r\nhost: models\r\nx-user-id: user-%d\r\n\r\n"


class _Model(Connection):
    """Answers every request with one letter."""

    def __init__(self, letter: bytes) -> None:
        self._answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" + letter
        self._got = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        *whole, self._got = (self._got + data).split(b"\r\n\r\n")
        self.transport.write(self._answer * len(whole))


@asynccontextmanager
async def two_models() -> AsyncIterator[tuple[int, int]]:
    """Serve both on loopback; yields the ports of the baseline and of the optimized model."""
    async with (
        serving(lambda: _Model(BASELINE)) as baseline,
        serving(lambda: _Model(OPTIMIZED)) as optimized,
    ):
        yield baseline, optimized


async def served_by_optimized(port: int, users: int = USERS) -> set[int]:
    """Let each user ask once; return those that the optimized model answered."""
    shares = [range(start, users, _CONNECTIONS) for start in range(_CONNECTIONS)]
    found = await asyncio.gather(*(_ask(port, each) for each in shares))
    return set().union(*found)


async def _ask(port: int, users: Sequence[int]) -> set[int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    optimized = set()
    try:
        for user in users:
            try:
                letter = await _answer(reader, writer, user)
            except (ConnectionError, asyncio.IncompleteReadError):
                # A server that is reloaded closes connections that are idle, as this one was.
                await _closed(writer)
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                letter = await _answer(reader, writer, user)
            if letter == OPTIMIZED:
                optimized.add(user)
    finally:
        await _closed(writer)
    return optimized


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: int) -> bytes:
    writer.write((_REQUEST % user).encode())
    async with asyncio.timeout(_HANGS_SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return await reader.readexactly(1)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def is_within_three_errors(found: int, share: float, of: int = USERS) -> bool:
    """Is a count within three standard errors of a share?"""
    return abs(found - of * share) <= 3 * math.sqrt(of * share * (1 - share))


@contextmanager
def running(*command: str | Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Run a server for as long as it is needed."""
    process = subprocess.Popen([*map(str, command)], env=environment, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def is_open(place: int | Path, seconds: float = 15.0) -> None:
    """Wait until somebody listens on a port, or on a Unix socket."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if isinstance(place, Path):
                _, writer = await asyncio.open_unix_connection(place)
            else:
                _, writer = await asyncio.open_connection("127.0.0.1", place)
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {place}"
            await asyncio.sleep(0.02)
        else:
            await _closed(writer)
            return
