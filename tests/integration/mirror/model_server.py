"""A model server of raw bytes: it does what it is told, however wrong."""

from __future__ import annotations

import asyncio
import ssl

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.served import shut


Answering = Callable[["Connection"], Awaitable[None]]


@dataclass
class Connection:
    """One connection to the server, after a whole request was read from it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes, every: float = 0.0) -> None:
        """Send pieces, each after a pause."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(every)

    async def hang(self) -> None:
        """Say nothing more until the other side goes away."""
        await self.reader.read()

    def reset(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()


@dataclass
class ModelServer:
    """What it was asked, byte for byte, and where it listens."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def a_model_server(
    answer: Answering, *, tls: ssl.SSLContext | None = None, socket: Path | None = None
) -> AsyncIterator[ModelServer]:
    """Serve, doing `answer` for every request; with TLS as `localhost`, or on a Unix socket."""
    server = ModelServer()

    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        serving[task] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                server.requests.append(await _request(reader))
                await answer(Connection(reader, writer))
        writer.close()

    if socket is not None:
        listening = await asyncio.start_unix_server(serve, socket)
        server.url = f"http+unix://{quote(str(socket), safe='')}"
    else:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        port = listening.sockets[0].getsockname()[1]
        server.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await shut(listening)
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.wait_for(asyncio.gather(*serving), 2)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((line[15:] for line in lines if line.startswith(b"content-length:")), b"0")
    return head + await reader.readexactly(int(length))


def http(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a whole answer."""
    head = [b"HTTP/1.1 " + status, *headers, b"content-length: %d" % len(body), b"", b""]
    return b"\r\n".join(head) + body


def always(*pieces: bytes, every: float = 0.0) -> Answering:
    """Answer every request with the same bytes."""

    async def answer(connection: Connection) -> None:
        await connection.send(*pieces, every=every)

    return answer
