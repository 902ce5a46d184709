"""
Server-sent events, sans-io (WHATWG HTML Living Standard, section 9.2.6).

Bytes go in as they arrive, whole events come out. Where the bytes are cut changes nothing: lines
are split before they are decoded, so a cut inside a UTF-8 character or a CRLF does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import content_coding


LINE_MAX = 16 * 1024 * 1024
"""Bytes of one line, and characters of one event's data. The last event of a stream of OpenAI's
Responses API holds the whole answer again, with the log probabilities of all its tokens."""

_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of the stream."""

    name: str = "message"
    data: str
    last_id: str = ""


class EventReader:
    """
    Reads one stream, from its first byte on.

    What follows the last blank line is no event: "if the file ends in the middle of an event,
    before the final empty line, the incomplete event is not dispatched".
    """

    def __init__(self, *, line_max: int = LINE_MAX) -> None:
        self._line_max = line_max
        self._rest = bytearray()
        """The beginning of a line whose end has not come."""
        self._after_cr = False
        """Was the last byte a CR? Then an LF that comes next belongs to it."""
        self._at_start = True
        self._name = ""
        self._data: list[str] = []
        self._data_size = 0
        self._last_id = ""

    def feed(self, data: bytes) -> list[Event]:
        """
        Take bytes in; return the events that they complete.

        Raises:
            CodecError: If a line, or an event's data, is longer than the limit.

        """
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        # bytes.splitlines knows these three ends of line and no others, unlike str.splitlines.
        lines = data.splitlines(keepends=True)
        tail = b"" if lines[-1].endswith((b"\r", b"\n")) else lines.pop()
        if lines:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        self._rest += tail  # grows in place: a line that comes byte by byte takes linear time
        self._check(len(self._rest))
        events = (self._line(line.rstrip(b"\r\n")) for line in lines)
        return [event for event in events if event is not None]

    def _line(self, line: bytes) -> Event | None:
        self._check(len(line))
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatched()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        # An empty name is a comment. `retry` is for a client that connects again: we never do.
        if name == "data":
            self._data_size += len(value) + 1
            self._check(self._data_size)
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._last_id = value

    def _dispatched(self) -> Event | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._data_size = "", [], 0
        if not data:
            return None
        return Event(name=name, data="\n".join(data), last_id=self._last_id)

    def _check(self, size: int) -> None:
        if size > self._line_max:
            msg = f"a line or an event of the stream is longer than {self._line_max} bytes"
            raise CodecError(msg)


def is_stream(headers: Headers, body: bytes) -> bool:
    """
    Say whether a body (without its content coding) is a stream of events.

    The bytes are trusted before the content type: servers send an error as JSON under a stream's
    content type, and streams without one.
    """
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")):
        return False
    content_type = content_coding.header(headers, "content-type").lower()
    return start.startswith(_STARTS) or content_type.startswith("text/event-stream")


def read_events(body: bytes) -> list[Event]:
    """
    Read a whole stream at once.

    Raises:
        CodecError: See `EventReader.feed`.

    """
    return EventReader().feed(body)
