"""
One user's connection: requests come in here, one after the other.

What a user may do wrong ends the connection, at the latest when its deadline has passed: a head
that does not end, a body that stalls, an answer that is not read.

Rule 1: the next request is not read before the last answer is whole and on its way (pipelining).
Rule 2: a user who closes one direction is gone (as nginx and Envoy see it): the model is told to
        stop at once, for a generation that nobody reads costs as much as any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import re

from shadowmon.ipc.board import Count
from shadowmon.proxy.fields import HEAD_END, HeadError
from shadowmon.proxy.framing import CHUNKED, LAST_CHUNK, MORE, Framing, FramingError, chunk, framing
from shadowmon.proxy.line import AHEAD, CONNECTING, FULL, LINGER_SECONDS, Line
from shadowmon.proxy.passage import Passage
from shadowmon.proxy.pick import Choice
from shadowmon.proxy.refusal import CONTINUE, refusal
from shadowmon.proxy.request_head import KnownForm, RequestHead, with_added
from shadowmon.proxy.station import Station


LAST_REQUEST_SECONDS = 1.0
"""How long a connection may still send a request while we drain. Its answer says that it is the
last; to close at once would lose what is on its way already (RFC 9112, section 9.6)."""

_BARE_LF = re.compile(rb"(?<!\r)\n")
_EMPTY_LINES = re.compile(rb"(?:\r\n)*+")


class _State(enum.Enum):
    HEAD = enum.auto()
    """No request under way; a head, or a part of one, may be in the buffer."""
    BODY = enum.auto()
    """A request's body is coming."""
    WAITING = enum.auto()
    """The whole request is here; its answer is not over."""
    LINGERING = enum.auto()
    """Our last word is said; what still comes is thrown away."""
    CLOSED = enum.auto()


_HEAD, _BODY, _WAITING, _LINGERING, _CLOSED = _State

_SEEN = Count.SEEN


class User(Line):
    """A connection from a user."""

    __slots__ = (
        "_buffer",
        "_chunked",
        "_form",
        "_framing",
        "_passage",
        "_stalled_after",
        "_state",
        "_station",
        "choked",
        "closes",
        "deadline",
    )

    def __init__(self, station: Station) -> None:
        super().__init__()
        self._station = station
        self._state = _HEAD
        self._buffer = b""
        self._passage: Passage | None = None
        self._framing: Framing | None = None
        self._chunked = False
        self._form: KnownForm | None = None
        """Of the last head; the next one is likely to be of it too."""
        self._stalled_after = station.limits.stream_idle_timeout_seconds
        self.choked = False
        """What was sent is not taken."""
        self.closes = False
        """The connection ends after the present answer."""
        self.deadline = station.now + station.limits.head_timeout_seconds

    # --- the connection ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        if not self._station.admit(self):
            self._state = _CLOSED
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        state = self._state
        if state is _HEAD:
            if self._buffer or self.choked:
                data = self._buffer + data
            self._take_head(data)
        elif state is _BODY:
            self._take_body(data, b"")
        elif state is _WAITING:
            self._keep(self._buffer + data)

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport then closes itself."""
        self._gone()
        self._state = _LINGERING
        self.deadline = self._station.now + LINGER_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own name
        """See `asyncio.Protocol`."""
        self._gone()
        self._station.dismiss(self)
        self._state = _CLOSED

    def _gone(self) -> None:
        passage, self._passage = self._passage, None
        if passage is not None:
            passage.user_gone()

    # --- requests ---

    def _take_head(self, data: bytes) -> None:
        """Begin a request, if `data` has a whole head and it is its turn."""
        if self.choked:
            self._keep(data)
            return
        limits = self._station.limits
        if self._form is not None and not self._buffer:
            known = self._form.read(data)
            if known is not None and known[1] <= limits.head_max_bytes:
                head, end = known
                self._begin(head, data[end:])
                return
        if data.startswith(b"\r\n"):  # RFC 9112, section 2.2
            data = _EMPTY_LINES.sub(b"", data, count=1)
        since = max(0, len(self._buffer) - 3)  # what came before was looked at when it came
        end = data.find(HEAD_END, since) + len(HEAD_END)
        if end < len(HEAD_END):
            self._await_head(data, since)
        elif end > limits.head_max_bytes:
            self._refuse_head(431, "the head is too large")
        else:
            self._buffer = b""
            self._read_head(data[:end], data[end:])

    def _read_head(self, raw: bytes, rest: bytes) -> None:
        try:
            head = self._station.reader.read(raw)
        except HeadError as error:
            self._refuse_head(error.status, str(error))
            return
        self._form = head.form
        self._begin(head, rest)

    def _await_head(self, data: bytes, since: int) -> None:
        limits = self._station.limits
        if data and not self._buffer:
            self.deadline = self._station.now + limits.head_timeout_seconds
        self._buffer = data
        if len(data) > limits.head_max_bytes:
            self._refuse_head(431, "the head is too large")
        elif _BARE_LF.search(data, since):
            self._refuse_head(400, "a line ends without a carriage return")

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        station = self._station
        choice = station.picker.pick(head.path, head.found, station.weight, station.new_id)
        if choice is None:
            station.slot.add(Count.UNROUTED)
            self.refuse(404, "no route leads there", head)
        else:
            wire = with_added(head.wire, choice.added) if choice.added else head.wire
            self._begin_passage(head, choice, wire, rest)
        station.slot.add(_SEEN)

    def _begin_passage(self, head: RequestHead, choice: Choice, wire: bytes, rest: bytes) -> None:
        station = self._station
        if head.length == len(rest):  # nearly always: the whole request is here, and no more
            self._passage = Passage(station, self, head, choice, whole=wire + rest)
            self._await_answer()
        elif head.length:
            passage = self._passage = Passage(station, self, head, choice)
            self._begin_body(passage, head, wire, rest)
        else:
            self._passage = Passage(station, self, head, choice, whole=wire)
            self._await_answer()
            self._keep(rest)

    def _begin_body(self, passage: Passage, head: RequestHead, wire: bytes, rest: bytes) -> None:
        self._state = _BODY
        self._chunked = head.length == CHUNKED
        self._framing = framing(head.length)
        if rest:
            self._take_body(rest, wire)
            return
        if head.expects_continue:
            self.transport.write(CONTINUE)
        self._extend()
        passage.upload(wire, [], last=False)

    def _take_body(self, data: bytes, wire: bytes) -> None:
        """Pass on what has come of a request's body; `wire` is its head, if it has not gone yet."""
        passage, reader = self._passage, self._framing
        if passage is None or reader is None:
            return
        pieces: list[bytes] = []
        try:
            end = reader.feed(data, pieces)
        except FramingError as error:
            self._refuse_body(passage, str(error))
            return
        wire += self._framed(pieces, last=end != MORE)
        if wire:
            passage.upload(wire, pieces, last=end != MORE)
        if end == MORE:
            self._extend()
        else:
            self._framing = None
            self._await_answer()
            self._keep(data[end:])

    def _framed(self, pieces: list[bytes], *, last: bool) -> bytes:
        if not self._chunked:
            return pieces[0]
        framed = chunk(pieces) if pieces else b""
        return framed + LAST_CHUNK if last else framed

    def _keep(self, data: bytes) -> None:
        """Keep what came ahead of its turn."""
        self._buffer = data
        if len(data) > self._station.limits.head_max_bytes:
            self.hold(AHEAD)

    # --- answers (from `Passage`) ---

    def write(self, data: bytes) -> None:
        """Send bytes of an answer."""
        self.deadline = self._station.now + self._stalled_after
        self.transport.write(data)

    def asked_again(self) -> None:
        """The request was sent once more: wait as if for the first time."""
        if self._state is _WAITING:
            self._await_answer()
        else:
            self._extend()

    def _await_answer(self) -> None:
        """The whole request is on its way: wait for the answer's first byte."""
        self._state = _WAITING
        station = self._station
        self.deadline = station.now + station.limits.first_byte_timeout_seconds

    def turn_over(self) -> None:
        """The answer is whole: the next request, if the connection goes on."""
        self._passage = None
        if self.holds:
            self.release(CONNECTING | FULL)
        if self.closes or self._state is _BODY:
            self._last_word()
            return
        self._state = _HEAD
        station = self._station
        self.deadline = station.now + station.limits.idle_timeout_seconds
        if self._buffer:
            self._next()
        elif station.draining:
            self.drain()

    def _next(self) -> None:
        """Go on with what came ahead of its turn."""
        data, self._buffer = self._buffer, b""
        self.release(AHEAD)
        self._take_head(data)

    def step_aside(self) -> bytes:
        """Leave the connection to a tunnel; return what came ahead on it."""
        self._passage = None
        self._state = _CLOSED
        early, self._buffer = self._buffer, b""
        self.release(AHEAD)
        return early

    # --- refusals and ends ---

    def _refuse_head(self, status: int, problem: str) -> None:
        self._station.slot.add(Count.MALFORMED)
        self.refuse(status, problem)

    def _refuse_body(self, passage: Passage, problem: str) -> None:
        self._station.slot.add(Count.MALFORMED)
        passage.abandon((400, problem))
        if passage.answering:
            self.cut()
        else:
            self.refuse(400, problem)

    def refuse(self, status: int, problem: str, head: RequestHead | None = None) -> None:
        """Say why not, and end the connection; `head` is the request's, if it has no passage."""
        passage, self._passage = self._passage, None
        if passage is None:
            self._station.note_refused(status, problem, head)
        else:
            head = passage.head
        to_head = head is not None and head.method == b"HEAD"
        if self._state is not _CLOSED:
            self.transport.write(refusal(status, problem, to_head=to_head))
            self._last_word()

    def _last_word(self) -> None:
        """Nothing more will be sent; if the user may still be sending, hear it out for a while."""
        if self._state is _WAITING and not self._buffer:
            self._close()
            return
        self._state = _LINGERING
        self._buffer = b""
        self.deadline = self._station.now + LINGER_SECONDS
        self.release(self.holds)
        # TLS has no half-close: there only `connection: close` says that this was the last word.
        if self.transport.can_write_eof() and not self.transport.is_closing():
            with contextlib.suppress(OSError):  # it was reset, and the loop has yet to tell us
                self.transport.write_eof()

    def _close(self) -> None:
        """End the connection as soon as everything is sent."""
        self._passage = None
        self._state = _LINGERING
        self._extend()
        self.transport.close()

    def drain(self) -> None:
        """End the connection soon if no request is under way, not even a part of one."""
        if self._state is _HEAD and not self._buffer:
            self.deadline = min(self.deadline, self._station.monotonic() + LAST_REQUEST_SECONDS)

    def cut(self) -> None:
        """See `Visitor`."""
        self._gone()
        if self._state is _CLOSED:
            return
        self._state = _CLOSED
        self.reset()

    def expire(self) -> None:
        """The deadline has passed (from the sweep)."""
        passage = self._passage
        if self._state is _HEAD and not self.choked:
            if self._buffer:
                self.refuse(408, "the request's head did not come in time")
            elif not self.unread():
                self._close()
        elif passage is None or self.choked:
            self.cut()
        elif self._state is _WAITING or self.holds:
            passage.expire()
        elif passage.answering:
            self.cut()
        else:
            problem = "the request's body did not come in time"
            passage.user_gone((408, problem))
            self.refuse(408, problem)

    def _extend(self) -> None:
        self.deadline = self._station.now + self._stalled_after

    # --- flow control ---

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.choked = True
        if self._passage is not None:
            self._passage.choke()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.choked = False
        if self._passage is not None:
            self._passage.unchoke()
        elif self._state is _HEAD and self._buffer:
            self._next()
