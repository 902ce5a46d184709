"""A proxy on a real port, two recording model servers behind it, raw sockets before it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import time

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from shadowmon.clock import SystemClock
from shadowmon.ipc.board import Board, Count, TrialCell
from shadowmon.ipc.handover import receive, socket_pair
from shadowmon.proxy.door import Door
from shadowmon.proxy.plan import (
    SYSTEMS_TLS,
    Plan,
    PlannedModelTls,
    PlannedRoute,
    PlannedTrial,
    make_plan,
    planned_model,
)
from shadowmon.proxy.settings import ProxySettings
from shadowmon.proxy.station import Station
from shadowmon.records import Exchange
from tests.served import shut


PATIENCE = 5.0
"""Seconds after which a test has failed."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Script: TypeAlias = "Callable[[Visit], Awaitable[None]]"


@dataclass
class Visit:
    """One connection to a model server, from the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Head and body (its framing taken off) of each whole request."""
    raw: bytes = b""
    """Every byte that came."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """The proxy closed it, in whatever way."""

    async def head(self) -> bytes:
        """Read a request's head."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.raw += head
        return head

    async def request(self) -> tuple[bytes, bytes]:
        """Read a whole request."""
        head = await self.head()
        body = b""
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
        if length:
            body = await self.reader.readexactly(int(length[1]))
            self.raw += body
        elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked\r\n", head):
            body = await self._chunks()
        self.requests.append((head, body))
        return head, body

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            line = await self.reader.readuntil(b"\r\n")
            chunk = await self.reader.readexactly(int(line, 16) + 2)
            self.raw += line + chunk
            if int(line, 16) == 0:
                return body
            body += chunk[:-2]

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Close in an orderly way."""
        self.writer.close()

    async def until_gone(self) -> bytes:
        """Wait until the proxy closes the connection; returns what came until then."""
        with contextlib.suppress(ConnectionError):
            data = await self.reader.read(-1)
            self.raw += data
            return data
        return b""


def answering(*answers: bytes) -> Script:
    """Answer each request with the next of these, the last one again and again."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await visit.say(answers[min(len(visit.requests), len(answers)) - 1])

    return script


class ModelServer:
    """A model server that does what its script says."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.visits: list[Visit] = []
        self._server: asyncio.Server | None = None

    @property
    def requests(self) -> list[tuple[bytes, bytes]]:
        """All whole requests, of all connections."""
        return [request for visit in self.visits for request in visit.requests]

    @property
    def raw(self) -> bytes:
        """All bytes that came."""
        return b"".join(visit.raw for visit in self.visits)

    async def start(
        self, *, context: ssl.SSLContext | None = None, listening: socket.socket | None = None
    ) -> int:
        """Listen, on a socket that is there already if one is given; returns the port."""
        sock = listening or socket.create_server(("127.0.0.1", 0))
        self._server = await asyncio.start_server(self._visit, sock=sock, ssl=context)
        return self.port

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer)
        self.visits.append(visit)
        try:
            await self.script(visit)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            visit.ended.set()
            writer.close()

    async def visited(self, times: int = 1) -> Visit:
        """Wait for a connection; returns the last one."""
        await until(lambda: len(self.visits) >= times)
        return self.visits[-1]

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()
            _abort(self.visits)

    async def end(self) -> None:
        """Stop, and wait until every script has ended, of those too who were just coming in."""
        if self._server is not None:
            there = tuple(self.visits)
            _abort(there)
            await shut(self._server)
            _abort(self.visits[len(there) :])
        for visit in self.visits:
            await visit.ended.wait()
            await _closed(visit.writer)


def _abort(visits: Iterable[Visit]) -> None:
    for visit in visits:
        transport = visit.writer.transport
        # asyncio cannot abort what it has closed already.
        if not transport.is_closing() or transport.get_write_buffer_size():
            transport.abort()


@dataclass
class Answer:
    """What a user got."""

    head: bytes
    body: bytes
    """Its framing taken off."""
    raw: bytes

    @property
    def status(self) -> int:
        """HTTP status."""
        return int(self.head.split(b" ", 2)[1])


class Client:
    """A user on a raw socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, to_head: bool = False) -> Answer:
        """
        Read one answer.

        Raises:
            asyncio.IncompleteReadError: If the connection ends before the answer does.
            ConnectionError: If it ends with a reset.

        """
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            if to_head or head[9:12] in (b"204", b"304") or head[9:10] == b"1":
                return Answer(head, b"", head)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
            if length:
                body = await self.reader.readexactly(int(length[1]))
                return Answer(head, body, head + body)
            if b"transfer-encoding: chunked\r\n" in head.lower():
                return await self._chunks(head)
            body = await self.reader.read(-1)
            return Answer(head, body, head + body)

    async def _chunks(self, head: bytes) -> Answer:
        body, raw = b"", head
        while True:
            line = await self.reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if not size:
                break
            chunk = await self.reader.readexactly(size + 2)
            raw += line + chunk
            body += chunk[:-2]
        while line != b"\r\n":
            raw += line
            line = await self.reader.readuntil(b"\r\n")
        return Answer(head, body, raw + line)

    async def ask(self, request: bytes, *, to_head: bool = False) -> Answer:
        """Send a request and read its answer."""
        await self.say(request)
        return await self.answer(to_head=to_head)

    async def rest(self) -> bytes:
        """Read until the proxy closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(-1)

    def leave(self) -> None:
        """Be gone, all at once."""
        self.writer.transport.abort()

    async def end(self) -> None:
        """Be gone, and wait until the socket is, too."""
        self.leave()
        await _closed(self.writer)


@dataclass
class Rig:
    """Everything at once."""

    port: int
    station: Station
    board: Board
    base: ModelServer
    int8: ModelServer
    taken: socket.socket
    """Where exchanges are handed over."""
    said: list[tuple[str, Mapping[str, str | float]]]
    """What there was to tell: events and their fields."""
    arrived: list[Exchange] = field(default_factory=list)
    """Those that came in one packet with one that was asked for."""
    _clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """Connect a user."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**20))
        self._clients.append(client)
        return client

    async def ask(self, request: bytes) -> Answer:
        """Ask once, on a new connection."""
        client = await self.client()
        try:
            return await client.ask(request)
        finally:
            client.leave()

    def count(self, count: Count) -> int:
        """Read a counter of the worker's."""
        return self.board.slot(0).count(count)

    def weight(self, weight: int) -> None:
        """Set the optimized model's share, in basis points."""
        self.board.set_trial(0, TrialCell.WEIGHT, weight)

    async def exchange(self) -> Exchange:
        """Wait for the next exchange that is handed over."""

        def take() -> bool:
            with contextlib.suppress(BlockingIOError):
                self.arrived += receive(self.taken)
            return bool(self.arrived)

        await until(take)
        return self.arrived.pop(0)

    async def nothing_handed_over(self) -> bool:
        """Was nothing handed over, once the loop has had time to do so?"""
        await asyncio.sleep(0.05)
        self.station.tee.flush()
        assert not self.arrived
        try:
            receive(self.taken)
        except BlockingIOError:
            return True
        return False

    async def end(self) -> None:
        """Let everybody go."""
        self.station.shut()
        await until(lambda: not self.station.users)
        for client in self._clients:
            await client.end()
        await self.base.end()
        await self.int8.end()


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to pass"
        await asyncio.sleep(0.005)


def a_plan(
    ports: tuple[int, int],
    *,
    urls: Mapping[str, Sequence[str]] = MappingProxyType({}),
    model_tls: PlannedModelTls = SYSTEMS_TLS,
    **changes: Any,
) -> Plan:
    """
    Return a plan with one route, a trial on it, and the settings that are named.

    Args:
        ports: Of the baseline's and the optimized model's servers.
        urls: Addresses of a model that are others than that.
        model_tls: Of both models.
        changes: Settings of the proxy or of its one route.

    """
    there = {"base": [f"http://127.0.0.1:{ports[0]}"], "int8": [f"http://127.0.0.1:{ports[1]}"]}
    route = {name: changes.pop(name) for name in tuple(changes) if name in _ROUTE}
    trials = changes.pop("trials", True)
    return make_plan(
        proxy=ProxySettings(**changes),
        sampling_salt="sampling",
        models=[
            planned_model(name, *addresses, tls=model_tls)
            for name, addresses in (there | dict(urls)).items()
        ],
        routes=[PlannedRoute(name="chat", baseline="base", **({"path_prefix": "/"} | route))],
        trials=[PlannedTrial(number=0, route="chat", optimized="int8")] if trials else [],
        worker=0,
        drain_seconds=5.0,
    )


_ROUTE = frozenset(PlannedRoute.__struct_fields__) - {"name", "baseline"}


@contextlib.asynccontextmanager
async def a_rig(
    *,
    base: Script | None = None,
    int8: Script | None = None,
    reading: bool = True,
    listening: socket.socket | None = None,
    **changes: Any,
) -> AsyncIterator[Rig]:
    """
    Start a proxy.

    Args:
        base: What the baseline's server does.
        int8: What the optimized model's server does.
        reading: Is there anyone to take what is handed over?
        listening: Where users come in; None: a port of its own.
        changes: Settings of the proxy or of its one route; `trials=False` takes its trial away.

    """
    servers = ModelServer(base or answering(OK)), ModelServer(int8 or answering(OK))
    ports = await servers[0].start(), await servers[1].start()
    async with contextlib.AsyncExitStack() as stack:
        board = Board.create()
        stack.callback(board.close)
        write, read = (stack.enter_context(end) for end in socket_pair())
        if not reading:
            read.close()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        plan = a_plan(ports, **changes)
        said: list[tuple[str, Mapping[str, str | float]]] = []
        station = Station(
            plan=plan,
            board=board,
            handover=write,
            clock=SystemClock(),
            tasks=tasks,
            own_host=b"own-host:80",
            say=lambda *words: said.append(words),
        )
        # By its number, as a worker gets it: only then does Python know that it is TCP.
        own = listening or socket.socket(fileno=socket.create_server(("127.0.0.1", 0)).detach())
        listener = stack.enter_context(own)
        listener.setblocking(False)
        door = Door(
            listener,
            station,
            tasks,
            tls=plan.tls,
            say=lambda *words: said.append(words),
        )
        door.open()
        stack.callback(door.close)
        watching = tasks.create_task(door.watch(SystemClock()))
        stack.callback(watching.cancel)
        rig = Rig(listener.getsockname()[1], station, board, *servers, read, said)
        stack.push_async_callback(rig.end)
        yield rig
