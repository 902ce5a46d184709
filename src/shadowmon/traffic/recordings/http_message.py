"""
One HTTP/1.x message as it went over the wire, whole, in memory (RFC 9112).

Chunked framing is taken off; content codings stay, as in `records.Served`. What was captured from
the wire may be cut anywhere: a body that is shorter than its head says is refused.
"""

from __future__ import annotations

import re

from dataclasses import dataclass

from shadowmon.records import Headers
from shadowmon.traffic.recordings.recording import RecordingError


_HEAD_END = re.compile(rb"\r?\n\r?\n")
_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S+) HTTP/1\.[01]\r?")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\n]*)?\r?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")

_INFORMATIONAL = range(100, 200)
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request."""

    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response."""

    status: int
    headers: Headers
    body: bytes


def read_request(message: bytes) -> Request:
    """Read a request, or raise `RecordingError`."""
    first, headers, rest = _head(message)
    found = _REQUEST.fullmatch(first)
    if found is None:
        msg = "its first line is no HTTP/1 request's"
        raise RecordingError(msg)
    has_body = any(name in {"content-length", "transfer-encoding"} for name, _ in headers)
    return Request(
        method=found[1].decode(),
        target=found[2].decode("latin-1"),
        headers=headers,
        body=_body(headers, rest) if has_body else b"",
    )


def read_response(message: bytes, *, method: str) -> Response:
    """
    Read the final response, past informational ones, or raise `RecordingError`.

    Args:
        message: All that was answered.
        method: Of the request: what answers HEAD has no body (RFC 9112 section 6.3).

    """
    status = 100
    headers: Headers = ()
    while status in _INFORMATIONAL:
        first, headers, message = _head(message)
        found = _STATUS.fullmatch(first)
        if found is None:
            msg = "its first line is no HTTP/1 response's"
            raise RecordingError(msg)
        status = int(found[1])
    is_bodiless = method == "HEAD" or status in _BODILESS
    body = b"" if is_bodiless else _body(headers, message)
    return Response(status=status, headers=headers, body=body)


def field_lines(head: bytes) -> Headers:
    """Read field lines, or raise `RecordingError`. One that goes on in the next line is joined."""
    found: list[tuple[str, str]] = []
    for line in head.split(b"\n"):
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        if text[:1] in {" ", "\t"} and found:  # obs-fold, RFC 9112 section 5.2
            name, value = found[-1]
            found[-1] = (name, f"{value} {text.strip()}")
            continue
        name, colon, value = text.partition(":")
        if text and not colon:
            msg = "a line of its head is no header"
            raise RecordingError(msg)
        if text:
            found.append((name.strip().lower(), value.strip()))
    return tuple(found)


def _head(message: bytes) -> tuple[bytes, Headers, bytes]:
    end = _HEAD_END.search(message)
    if end is None:
        msg = "its head is cut"
        raise RecordingError(msg)
    first, _, fields = message[: end.start()].partition(b"\n")
    return first, field_lines(fields), message[end.end() :]


def _body(headers: Headers, rest: bytes) -> bytes:
    codings = ",".join(value for name, value in headers if name == "transfer-encoding")
    if codings:
        if codings.strip().lower() != "chunked":
            msg = "its body has a transfer coding that is not read; chunked is"
            raise RecordingError(msg)
        return _without_chunks(rest)
    lengths = {value for name, value in headers if name == "content-length"}
    if not lengths:
        return rest  # it ended with the connection
    told = lengths.pop()
    if lengths or not _LENGTH.fullmatch(told):
        msg = "its content-length is no length"
        raise RecordingError(msg)
    if len(rest) < int(told):
        msg = "its body is cut: shorter than its content-length"
        raise RecordingError(msg)
    return rest[: int(told)]


def _without_chunks(rest: bytes) -> bytes:
    pieces: list[bytes] = []
    place = 0
    while True:
        found = _CHUNK_SIZE.match(rest, place)
        if found is None:
            msg = "its chunked body is cut, or not chunked"
            raise RecordingError(msg)
        size, place = int(found[1], 16), found.end()
        if not size:
            return b"".join(pieces)  # trailer fields say nothing of the body
        if len(rest) < place + size:
            msg = "its chunked body is cut, or not chunked"
            raise RecordingError(msg)
        pieces.append(rest[place : place + size])
        place += size
        place += 2 if rest[place : place + 2] == b"\r\n" else 1
