"""
Where does a message's body end? RFC 9112, sections 6 and 7; bytes in, payload out, no I/O.

One reader for each body, whichever way it goes. A request's payload is framed again from scratch
before it is sent on, so that no model server ever sees a client's own chunk framing. An answer's
bytes are passed on raw while the same reader watches that they are what they claim to be.

Rule 1: what RFC 9112's grammar does not allow is an error, never repaired.
Rule 2: nothing is kept but the unfinished piece of one line, and that is bounded.
Rule 3: `feed` is told bytes in any cut and gives the same payload (tests/property/test_framing.py).
"""

from __future__ import annotations

import enum
import re

from collections.abc import Iterable
from typing import Protocol

from shadowmon.errors import ShadowmonError
from shadowmon.proxy.memory import Memory


CHUNKED = -1
"""In place of a length: the body says chunk by chunk how long it is."""
UNTIL_CLOSE = -2
"""In place of a length: the body ends with the connection (answers only)."""

MORE = -1
"""What `Framing.feed` returns while the body goes on."""

LAST_CHUNK = b"0\r\n\r\n"

_LINE_MAX = 4096
_TRAILERS_MAX = 16_384
_SIZE_DIGITS_MAX = 15
_SIZES_REMEMBERED = 1024
_SIZE_REMEMBERED_LENGTH = 16
_HEX = b"0123456789abcdefABCDEF"
_EXTENSION = re.compile(rb"(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class FramingError(ShadowmonError):
    """These bytes are not a body. The connection they came on cannot be used any further."""


class Framing(Protocol):
    """Reads one body."""

    def feed(self, data: bytes, payload: list[bytes] | None) -> int:
        """
        Take the connection's next bytes, in whatever pieces they come.

        Args:
            data: Not empty.
            payload: What belongs to the body itself is appended here, unless it is None.

        Returns:
            The place in `data` just past the body's end, or `MORE`.

        Raises:
            FramingError: If the bytes are not framed as RFC 9112 says.

        """
        ...

    def ends_with_connection(self) -> bool:
        """Is the body whole if the connection ends here, in an orderly way?"""
        ...


def framing(length: int) -> Framing:
    """Return a reader for a body of `length` bytes (not 0), or `CHUNKED`, or `UNTIL_CLOSE`."""
    if length >= 0:
        return Sized(length)
    return Chunked() if length == CHUNKED else UntilClose()


def chunk(pieces: Iterable[bytes]) -> bytes:
    """Frame pieces, not all empty, as one chunk (RFC 9112, section 7.1)."""
    payload = b"".join(pieces)
    return b"%x\r\n%b\r\n" % (len(payload), payload)


class Sized:
    """A body whose head says how long it is (RFC 9112, section 6.2)."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    def feed(self, data: bytes, payload: list[bytes] | None) -> int:
        """See `Framing.feed`."""
        left, size = self._left, len(data)
        if payload is not None:
            payload.append(data if size <= left else data[:left])
        if size < left:
            self._left = left - size
            return MORE
        self._left = 0
        return left

    def ends_with_connection(self) -> bool:
        """See `Framing.ends_with_connection`."""
        return False


class UntilClose:
    """A body that ends with its connection (RFC 9112, section 6.3, rule 8)."""

    __slots__ = ()

    def feed(self, data: bytes, payload: list[bytes] | None) -> int:
        """See `Framing.feed`."""
        if payload is not None:
            payload.append(data)
        return MORE

    def ends_with_connection(self) -> bool:
        """See `Framing.ends_with_connection`."""
        return True


class _Part(enum.Enum):
    SIZE = enum.auto()
    PAYLOAD = enum.auto()
    PAYLOAD_END = enum.auto()
    TRAILERS = enum.auto()


_SIZE, _PAYLOAD, _PAYLOAD_END, _TRAILERS = _Part


class Chunked:
    """A chunked body (RFC 9112, section 7.1). Extensions are skipped, trailers are checked."""

    __slots__ = ("_left", "_line", "_part", "_trailers")

    def __init__(self) -> None:
        self._part = _SIZE
        self._left = 0
        """Bytes of the present chunk that have not come yet."""
        self._line = b""
        """The beginning of a line whose end has not come yet."""
        self._trailers = 0

    def feed(self, data: bytes, payload: list[bytes] | None) -> int:
        """See `Framing.feed`."""
        at, size = 0, len(data)
        while at < size:
            if self._part is _PAYLOAD:
                at = self._take_payload(data, at, payload)
                continue
            end = data.find(b"\n", at) + 1
            if not end:
                self._keep(data[at:])
                break
            line = self._line + data[at:end] if self._line else data[at:end]
            self._line = b""
            at = end
            if self._part is _SIZE:
                at = self._take_size(_SIZES[line], data, at, payload)
            elif self._take_line(line):
                return at
        return MORE

    def ends_with_connection(self) -> bool:
        """See `Framing.ends_with_connection`."""
        return False

    def _take_size(self, left: int, data: bytes, at: int, payload: list[bytes] | None) -> int:
        end = at + left
        if left and data.startswith(b"\r\n", end):  # often: the whole chunk is here
            if payload is not None:
                payload.append(data[at:end])
            return end + 2
        self._left = left
        self._part = _PAYLOAD if left else _TRAILERS
        return at

    def _take_payload(self, data: bytes, at: int, payload: list[bytes] | None) -> int:
        end = min(at + self._left, len(data))
        if payload is not None:
            payload.append(data[at:end])
        self._left -= end - at
        if not self._left:
            self._part = _PAYLOAD_END
            if data[end : end + 2] == b"\r\n":
                self._part = _SIZE
                return end + 2
        return end

    def _take_line(self, line: bytes) -> bool:
        """Take a line, with its end, that is no size; return whether it was the body's last."""
        if self._part is _PAYLOAD_END:
            if line != b"\r\n":
                msg = "a chunk is longer than it said"
                raise FramingError(msg)
            self._part = _SIZE
            return False
        if line == b"\r\n":
            return True
        self._trailers += len(line)
        if self._trailers > _TRAILERS_MAX or not _TRAILER.fullmatch(line):
            msg = "a trailer is malformed, or there are too many"
            raise FramingError(msg)
        return False

    def _keep(self, beginning: bytes) -> None:
        self._line += beginning
        if self._part is _PAYLOAD_END and self._line != b"\r":
            msg = "a chunk is longer than it said"
            raise FramingError(msg)
        if len(self._line) > _LINE_MAX:
            msg = "a chunk's size or a trailer is a line without an end"
            raise FramingError(msg)


def _chunk_size(line: bytes) -> int:
    digits, semicolon, extension = line.removesuffix(b"\r\n").partition(b";")
    if semicolon:
        digits = digits.rstrip(b" \t")
    if (
        not line.endswith(b"\r\n")
        or not 0 < len(digits) <= _SIZE_DIGITS_MAX
        or digits.translate(None, _HEX)
        or len(line) > _LINE_MAX
        or not _EXTENSION.fullmatch(semicolon + extension)
    ):
        msg = "a chunk's size is not a hexadecimal number"
        raise FramingError(msg)
    return int(digits, 16)


_SIZES = Memory(_chunk_size, most=_SIZES_REMEMBERED, longest=_SIZE_REMEMBERED_LENGTH)
"""Of chunks, by the line that says it: a stream's events are of a few sizes."""
