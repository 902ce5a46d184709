"""
Answers' heads: read strictly, written anew. RFC 9110 and RFC 9112; bytes in, bytes out, no I/O.

The status line and everything that decides where a body ends is checked here. An answer whose end
two parsers could see in two places is refused.

Rule: no field is added but those that say how our own connection frames the body, and ends.
"""

from __future__ import annotations

import re

import httptools
import msgspec

from shadowmon.ipc import brief
from shadowmon.proxy.fields import (
    CONNECTION_OPTIONS,
    HEAD_END,
    LENGTH_DIGITS_MAX,
    FieldReader,
    HeadError,
    options_of,
    without,
    without_listed,
)
from shadowmon.proxy.framing import CHUNKED, UNTIL_CLOSE
from shadowmon.proxy.memory import Memory


_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?)")

_ANSWER_ONLY = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)
_FIELDS = FieldReader(
    httptools.HttpResponseParser,
    b"HTTP/1.1 200 OK\r\n",
    read=(),
    hop_by_hop=_ANSWER_ONLY,
    ever_new={b"content-length"},
)

CONTINUE, SWITCHING, FINAL = 100, 101, 200
"""Below FINAL the real answer comes after this one (RFC 9110, section 15.2), or, with SWITCHING,
the connection speaks something else from here on."""
_NO_CONTENT, _NOT_MODIFIED = 204, 304

_REMEMBERED = 256
"""Heads in each of two generations: a stream's says the same for a second, until its Date."""
_REMEMBERED_LENGTH = 2048


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """What an answer's head says."""

    status: int
    reason: bytes
    """Status code and reason phrase, as they came."""
    fields: bytes
    """The lines of the end-to-end fields, as they came, without the last one's end."""
    length: int
    """Of the body: bytes (0: there is none), `CHUNKED` or `UNTIL_CLOSE`."""
    chunked: bool
    """The head says chunked, whether or not there is a body (an answer to HEAD)."""
    reusable: bool
    """The model server keeps the connection open."""
    told: bytes
    """Status and fields for the hand-over: see `ipc.brief.answer`."""
    wire: bytes = b""
    """What nearly every user is sent: the head for HTTP/1.1 on a connection that goes on."""


class AnswerReader:
    """Reads answers' heads; one that came before, byte for byte, need not be read again."""

    def __init__(self) -> None:
        self._known = Memory(
            lambda raw: read_answer(raw, to_head=False),
            most=_REMEMBERED,
            longest=_REMEMBERED_LENGTH,
        )

    def read(self, raw: bytes, *, to_head: bool) -> AnswerHead:
        """Do as `read_answer` does."""
        return read_answer(raw, to_head=True) if to_head else self._known[raw]


def read_answer(raw: bytes, *, to_head: bool) -> AnswerHead:
    """
    Read an answer's head, given up to and including its empty line.

    Args:
        raw: The bytes.
        to_head: Does it answer a HEAD request, so that it has no body whatever it says?

    Raises:
        HeadError: If it is malformed, or one could disagree about where its body ends. Always 502.

    """
    first, *lines = raw[: -len(HEAD_END)].split(b"\r\n")
    line = _STATUS_LINE.fullmatch(first)
    if line is None:
        raise HeadError(502, "the model server's status line is malformed")
    minor, reason, code = line.groups()
    try:
        found = _FIELDS.read(lines)
    except HeadError as error:
        raise HeadError(502, f"the model server's head is malformed: {error}") from error
    options = options_of(found)
    if options and not options <= CONNECTION_OPTIONS:
        lines = without_listed(lines, options)
    status, old = int(code), minor == b"0"
    bare = status < FINAL or status == _NO_CONTENT
    length, chunked = _answer_length(found, old=old)
    if bare and (chunked or length >= 0):
        lines = without(lines, (b"content-length",))
    fields, chunked = b"\r\n".join(lines), chunked and not bare
    return AnswerHead(
        status=status,
        reason=reason,
        fields=fields,
        length=0 if bare or to_head or status == _NOT_MODIFIED else length,
        chunked=chunked,
        told=brief.answer(status, fields),
        reusable=b"close" not in options and (not old or b"keep-alive" in options),
        wire=_wire(reason, fields, [b"transfer-encoding: chunked"] if chunked else []),
    )


def _answer_length(found: dict[bytes, bytes], *, old: bool) -> tuple[int, bool]:
    coding, length = found.get(b"transfer-encoding"), found.get(b"content-length")
    if coding is not None:
        if old or length is not None or coding.lower() != b"chunked":
            raise HeadError(502, "the model server's Transfer-Encoding is not understood")
        return CHUNKED, True
    if length is None:
        return UNTIL_CLOSE, False
    if not length.isdigit() or len(length) > LENGTH_DIGITS_MAX:
        raise HeadError(502, "the model server's Content-Length is no number")
    return int(length), False


def _wire(reason: bytes, fields: bytes, more: list[bytes]) -> bytes:
    beginning = [b"HTTP/1.1 " + reason, fields] if fields else [b"HTTP/1.1 " + reason]
    return b"\r\n".join([*beginning, *more, b"\r\n"])


def answer_wire(head: AnswerHead, *, old: bool, close: bool) -> bytes:
    """
    Write an answer's head for a user.

    Args:
        head: What the model server said.
        old: The user speaks HTTP/1.0: chunks will be taken apart, and keeping the connection
            open must be said aloud.
        close: The connection ends after this answer.

    """
    if not (old or close):
        return head.wire
    more = [b"transfer-encoding: chunked"] if head.chunked and not old else []
    more.append(b"connection: close" if close else b"connection: keep-alive")
    return _wire(head.reason, head.fields, more)


def informational_wire(head: AnswerHead) -> bytes:
    """Write a head that comes before the real one, such as 103 (RFC 8297)."""
    return _wire(head.reason, head.fields, [])


def switching_wire(head: AnswerHead, upgrade: bytes) -> bytes:
    """Write a 101: from here on the connection belongs to `upgrade`."""
    return _wire(head.reason, head.fields, [b"connection: upgrade", b"upgrade: " + upgrade])
