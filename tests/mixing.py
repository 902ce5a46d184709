"""
Users who do everything at once before model servers that do everything wrong, all by one seed.

What a server says is made of the request's number and the server's name, so that each user knows
byte by byte what it must get. Whatever else it gets is noted as a fault.

Rule: a request whose servers mean well is answered, whatever happens to others on its connection's
      way; what was cut short never looks whole; no user ever sees a byte of another one's answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from shadowmon.records import Ending, Exchange
from tests.integration.proxy.rig import Answer, Client, Rig, Script, Visit


_METHODS = (b"GET", b"HEAD", b"POST", b"PUT")
_ADDED = {b"transfer-encoding: chunked", b"connection: close"}
_WAYS = ("sized", "sized", "sized", "chunked", "chunked", "bare", "until_close", "hinted")
_ENDS = ("stay",) * 12 + ("slip_away", "slip_away", "close", "chatter", "cut", "die", "fail")
_CHATTER = b"HTTP/1.1 200 OK\r\nx-number: 0\r\ncontent-length: 3\r\n\r\nbad"


@dataclass(frozen=True)
class Said:
    """What a model server says to one request."""

    head: bytes
    body: bytes
    """Framed."""
    hints: bytes
    end: str
    """What it does then."""

    @property
    def means_well(self) -> bool:
        """Does the answer come whole?"""
        return self.end not in {"cut", "die", "fail"}


@dataclass
class Mixing:
    """All users, all requests, and what went wrong."""

    seed: int
    left: int
    """Requests that are still to be sent."""
    faults: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    met: Counter[tuple[int, bytes]] = field(default_factory=Counter)
    """How often a server got a request whole."""

    def dice(self, *of: object) -> random.Random:
        """Return dice that always fall the same for the same thing."""
        return random.Random(f"{self.seed} {of}")

    # --- what belongs to a number ---

    def request(self, number: int) -> bytes:
        """Return a request."""
        dice = self.dice(number)
        method = dice.choice(_METHODS)
        head = b"%b /%d HTTP/1.1\r\nHost: a\r\nX-Request-Id: %d\r\n" % (method, number, number)
        body = self.body(number)
        if method in {b"GET", b"HEAD"}:
            return head + b"\r\n"
        if dice.random() < 0.3:
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(_chunks(dice, body))
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def body(self, number: int) -> bytes:
        """Return a request's body."""
        dice = self.dice(number, "body")
        return b"%d," % number * dice.choice((0, 1, 10, 300))

    def said(self, number: int, name: bytes) -> Said:
        """Return what a server says to a request."""
        dice = self.dice(number, name)
        way, end = dice.choice(_WAYS), dice.choice(_ENDS)
        fields = b"x-number: %d\r\nx-name: %b\r\n" % (number, name)
        status, hints = b"200 OK", b""
        payload = b"%b%d;" % (name, number) * dice.choice((1, 5, 1000))
        if end == "fail":
            status, way = b"503 No", "sized"
        if way == "hinted":
            hints = b"HTTP/1.1 103 Early Hints\r\nlink: </%d>\r\n\r\n" % number
        if way == "bare":
            status, body = dice.choice((b"204 Nothing", b"304 As before")), b""
        elif way == "chunked":
            fields += b"Transfer-Encoding: chunked\r\n"
            body = b"".join(_chunks(dice, payload, trailer=b"x-sum: %d\r\n" % number))
        elif way == "until_close":
            body = payload
        else:
            fields += b"Content-Length: %d\r\n" % len(payload)
            body = payload
        if way == "until_close" and end in {"stay", "slip_away", "chatter"}:
            end = "close"
        head = b"HTTP/1.1 %b\r\n%b\r\n" % (status, fields)
        return Said(head, body, hints, end)

    # --- a model server ---

    def server(self, name: bytes) -> Script:
        """Return what a model server does."""

        async def script(visit: Visit) -> None:
            while True:
                head, body = await visit.request()
                visit.requests.clear()
                visit.raw = b""
                method, target, _ = head.split(b" ", 2)
                number = int(target[1:])
                self.met[number, name] += 1
                if body != (b"" if method in {b"GET", b"HEAD"} else self.body(number)):
                    self.faults.append(f"{number}: the body came differently")
                if not await self._say(visit, number, name, to_head=method == b"HEAD"):
                    return

        return script

    async def _say(self, visit: Visit, number: int, name: bytes, *, to_head: bool) -> bool:
        """Say it, in pieces; return whether the connection goes on."""
        dice, said = self.dice(number, name, "pieces"), self.said(number, name)
        whole = said.hints + said.head + (b"" if to_head else said.body)
        if said.end == "die":
            if dice.random() < 0.5:
                reset(visit)
            return False
        if said.end == "cut":
            # After its head, for whoever gets none may be answered by another.
            after = len(said.hints) + len(said.head)
            if len(whole) == after:
                return False
            whole = whole[: dice.randrange(after, len(whole))]
        # With the very end: what comes later nobody could tell from the next request's answer.
        chatter = _CHATTER if said.end == "chatter" else b""
        for piece in [*_pieces(dice, whole[:-1]), whole[-1:] + chatter]:
            await visit.say(piece)
            if dice.random() < 0.5:
                await asyncio.sleep(0)
        if said.end == "slip_away":  # without a word, perhaps just as the next request comes
            await asyncio.sleep(dice.choice((0, 0, 0.001, 0.003)))
            return False
        if said.end == "cut":
            reset(visit)  # an orderly end is a whole one, where no length is said
            return False
        return said.end != "close"

    # --- users ---

    async def ask(self, proxy: Rig, users: int) -> None:
        """Ask everything, so many users at a time."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(users):
                tasks.create_task(self._user(proxy))

    async def _user(self, proxy: Rig) -> None:
        while self.left > 0:
            client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port, limit=2**20))
            try:
                while self.left > 0 and await self._batch(client):
                    pass
            finally:
                await client.end()

    async def _batch(self, client: Client) -> bool:
        """Send some requests without waiting; return whether the connection goes on."""
        first = self.left
        dice = self.dice(first, "batch")
        numbers = range(first, max(0, first - dice.choice((1, 1, 2, 5))), -1)
        self.left -= len(numbers)
        sending = asyncio.ensure_future(self._send(client, dice, numbers))
        leaves = dice.random() < 0.05
        try:
            for number in numbers:
                if leaves and dice.random() < 0.5:
                    self.outcomes["left"] += 1
                    await asyncio.sleep(dice.choice((0, 0.001)))
                    return False
                if not await self._one(client, number):
                    return False
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sending
        return True

    async def _send(self, client: Client, dice: random.Random, numbers: range) -> None:
        for piece in _pieces(dice, b"".join(map(self.request, numbers))):
            await client.say(piece)
            await asyncio.sleep(0)

    async def _one(self, client: Client, number: int) -> bool:
        """Read one answer; return whether another one may come."""
        to_head = self.request(number).startswith(b"HEAD")
        try:
            answer = await client.answer(to_head=to_head)
            while answer.head.startswith(b"HTTP/1.1 103"):
                if b"link: </%d>" % number not in answer.head:
                    self.faults.append(f"{number}: hints of another request: {answer.head!r}")
                answer = await client.answer(to_head=to_head)
        except TimeoutError:
            self.faults.append(f"{number}: nothing came")
            return False
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self._cut(number, error)
            return False
        self._compare(number, answer, to_head=to_head)
        return b"\r\nconnection: close" not in answer.head

    def handed_over(self, exchange: Exchange) -> None:
        """Compare what was handed over to be scored: it must be one request's, and its answer's."""
        self.outcomes["handed over"] += 1
        number, served = int(exchange.target[1:]), exchange.served
        body = b"" if exchange.method in {"GET", "HEAD"} else self.body(number)
        if served is None or (exchange.body != body and served.ending is not Ending.CLIENT_GONE):
            self.faults.append(f"{number}: another body was handed over: {exchange.body[:99]!r}")
            return
        payload = b"%b%d;" % (served.model.encode(), number) * 1000
        if not payload.startswith(served.body):
            self.faults.append(f"{number}: another answer was handed over: {served.body[:99]!r}")

    def _cut(self, number: int, error: Exception) -> None:
        self.outcomes["cut"] += 1
        if all(self.said(number, name).end != "cut" for name in (b"base", b"int8")):
            self.faults.append(f"{number}: cut for no reason: {error!r}")

    def _compare(self, number: int, answer: Answer, *, to_head: bool) -> None:
        if b"\r\nx-name:" not in answer.head:
            self.outcomes["refused"] += 1
            if self.said(number, b"base").means_well or not answer.head.startswith(b"HTTP/1.1 502"):
                self.faults.append(f"{number}: refused for no reason: {answer.raw!r}")
            return
        name = b"int8" if b"\r\nx-name: int8\r\n" in answer.head else b"base"
        said = self.said(number, name)
        self.outcomes[f"{name.decode()} {said.end}"] += 1
        came = answer.head[:-4].split(b"\r\n")
        meant = said.head[:-4].split(b"\r\n")
        extra = [line for line in came if line not in meant]
        missing = [
            line for line in meant if line not in came and not line.startswith(b"Transfer-Enc")
        ]
        bare = to_head or answer.status in {204, 304}
        body = answer.raw[len(answer.head) :] or answer.body
        if not _ADDED.issuperset(extra) or [
            m for m in missing if b"Content-L" not in m or not bare
        ]:
            self.faults.append(f"{number}: another head: {answer.head!r}, not {said.head!r}")
        if body != (b"" if bare else said.body):
            self.faults.append(f"{number}: another body ({said.end}): {body[:99]!r}")


def reset(visit: Visit) -> None:
    """End a connection as a crash does."""
    sock = visit.writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # the proxy has ended it already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()


def _chunks(dice: random.Random, payload: bytes, *, trailer: bytes = b"") -> Iterator[bytes]:
    for piece in _pieces(dice, payload):
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n" + (trailer if trailer and dice.random() < 0.3 else b"") + b"\r\n"


def _pieces(dice: random.Random, data: bytes) -> Iterator[bytes]:
    """Cut into a few pieces, most of them large, some of one byte."""
    at = 0
    while at < len(data):
        size = dice.choice((1, 7, 100, 5000, 5000, 5000))
        yield data[at : at + size]
        at += size
