"""
One connection to a model server: answers come in here.

An answer's head is read and written anew; its body's bytes are passed on as they are, while a
`Framing` watches that they end where the head says.

Rule 1: a connection is used again only if its last answer was whole, the request was whole too,
        nothing came after the answer, and the server did not say otherwise.
Rule 2: bytes that nobody asked for end the connection.
Rule 3: what ends too early is never made to look whole (`Way.lost`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from typing import Protocol

from shadowmon.proxy.answer_head import FINAL, SWITCHING, AnswerHead, AnswerReader
from shadowmon.proxy.fields import HEAD_END, HeadError
from shadowmon.proxy.framing import MORE, UNTIL_CLOSE, Framing, FramingError, framing
from shadowmon.proxy.health import Health
from shadowmon.proxy.line import FULL, Line
from shadowmon.proxy.sides import Way


_READ_BYTES = 65_536
_READER = AnswerReader()
"""One for all: what was read of a head says nothing of where it came from."""


class Home(Protocol):
    """Where a connection goes when nothing is asked of it: its `Pool`."""

    head_max_bytes: int
    """How long an answer's head may be."""
    health: Health | None
    """Told of what fails and what does not."""
    open: int
    """Connections, idle or not."""

    def give(self, upstream: Upstream) -> None:
        """Take one that may be used again."""

    def forget(self, upstream: Upstream) -> None:
        """Let go of one that ended, or goes another way."""


class Upstream(Line):
    """A connection to a model server, idle or on one passage."""

    __slots__ = (
        "_framing",
        "_head",
        "_pool",
        "_reusable",
        "choked",
        "heard",
        "idle_since",
        "passage",
        "reused",
    )

    def __init__(self, pool: Home) -> None:
        super().__init__()
        self._pool = pool
        self.passage: Way | None = None
        """Whose answer is expected here (it sets this itself)."""
        self.reused = False
        """It has answered before, so that it may turn out to have been closed meanwhile."""
        self.heard = False
        """Something of the present answer has come."""
        self.choked = False
        """What was sent is not taken."""
        self.idle_since = 0.0
        self._head = b""
        """The beginning of a head whose end has not come yet."""
        self._framing: Framing | None = None
        self._reusable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._pool.open += 1

    def leave(self) -> None:
        """End the connection: its passage goes another way, or is over."""
        self.passage = None
        self.transport.abort()

    def fail(self) -> None:
        """End the connection: the model server did not do what it should."""
        self._blame()
        self.leave()

    def part(self) -> None:
        """The connection is the pool's no longer: it becomes a tunnel's."""
        self._pool.forget(self)

    def _blame(self) -> None:
        health = self._pool.health
        if health is not None:
            health.failed()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        passage = self.passage
        if passage is None:
            self.transport.abort()
        elif self._framing is not None:
            self._pass_on(passage, self._framing, data, b"")
        else:
            self.heard = True
            self._take_head(passage, self._head + data if self._head else data)

    def _take_head(self, passage: Way, data: bytes) -> None:
        to_head = passage.head.method == b"HEAD"
        while (end := data.find(HEAD_END)) >= 0:
            end += len(HEAD_END)
            try:
                head = _READER.read(data[:end], to_head=to_head)
            except HeadError:
                self._break(passage)
                return
            data = data[end:]
            if head.status >= FINAL:
                self._head = b""
                self._answer(passage, head, data)
                return
            if head.status == SWITCHING:
                self._switch(passage, head, data)
                return
            passage.inform(head)
        self._head = data
        if len(data) > self._pool.head_max_bytes:
            self._break(passage)

    def _answer(self, passage: Way, head: AnswerHead, rest: bytes) -> None:
        health = self._pool.health
        if health is not None:
            health.answered(head.status)
        length = head.length
        whole = length == len(rest) > 0
        wire = passage.answer(head, whole)
        if wire is None:
            return
        self._reusable = head.reusable and length != UNTIL_CLOSE
        if whole:  # often
            passage.write_whole(wire, rest)
            self._finish(passage, b"")
        elif not length:
            passage.write(wire)
            self._finish(passage, rest)
        else:
            self._framing = framing(length)
            if rest:
                self._pass_on(passage, self._framing, rest, wire)
            else:
                passage.write(wire)

    def _pass_on(self, passage: Way, reader: Framing, data: bytes, wire: bytes) -> None:
        """Pass on what has come of a body; `wire` is the head, where it has not gone yet."""
        recording = passage.recording
        try:
            if passage.unchunks:
                payload: list[bytes] = []
                end = reader.feed(data, payload)
                out = b"".join(payload)
                if recording is not None:
                    recording.answer.append(out)
            else:
                end = reader.feed(data, None if recording is None else recording.answer)
                out = data if end == MORE or end == len(data) else data[:end]
        except FramingError:
            self._break(passage)
            return
        passage.write_body(wire, out)
        if end != MORE:
            self._finish(passage, data[end:])

    def _switch(self, passage: Way, head: AnswerHead, rest: bytes) -> None:
        if passage.head.upgrade is None:
            self._break(passage)
            return
        passage.switch(head, rest)

    def _finish(self, passage: Way, extra: bytes) -> None:
        self.passage = None
        self._framing = None
        self.heard = False
        if self.holds:
            self.release(FULL)
        if (
            self._reusable
            and passage.uploaded
            and not extra
            and not self.transport.get_write_buffer_size()
        ):
            self._pool.give(self)
        else:
            self.transport.abort()
        passage.finish()

    def _break(self, passage: Way) -> None:
        """The model server does not speak HTTP as it should."""
        self.fail()
        passage.lost(may_be_stale=False)

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport then closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if exc is not None and self.passage is not None:
            self._read_the_rest()
        passage, self.passage = self.passage, None
        self._pool.forget(self)
        if passage is None:
            return
        if self._framing is not None and exc is None and self._framing.ends_with_connection():
            passage.finish()
            return
        may_be_stale = self.reused and not self.heard
        if not may_be_stale:
            self._blame()
        passage.lost(may_be_stale=may_be_stale)

    def _read_the_rest(self) -> None:
        """
        Read what had come when sending failed.

        A model server that refuses a large body answers, closes, and is reset by what is still
        sent to it. The loop then reads no further; the answer is there all the same.
        """
        sock = self.transport.get_extra_info("socket")
        if sock is None or self.transport.get_extra_info("ssl_object") is not None:
            return
        with contextlib.suppress(OSError):  # nothing more is there, or the socket is gone
            while self.passage is not None and (data := os.read(sock.fileno(), _READ_BYTES)):
                self.data_received(data)

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.choked = True
        if self.passage is not None:
            self.passage.hold_upload()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.choked = False
        if self.passage is not None:
            self.passage.release_upload()
