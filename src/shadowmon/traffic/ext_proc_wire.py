"""
Envoy's external processing messages, read by hand: what of them is needed, and nothing else. Pure.

Envoy (`envoy.service.ext_proc.v3.ProcessingRequest`) writes protobuf:

    ProcessingRequest: request_headers = 2, response_headers = 3 (HttpHeaders)
                       request_body = 4, response_body = 5 (HttpBody)
                       request_trailers = 6, response_trailers = 7, observability_mode = 10
    HttpHeaders:       headers = 1 (HeaderMap), end_of_stream = 3
    HttpBody:          body = 1, end_of_stream = 2
    HeaderMap:         headers = 1 (repeated HeaderValue: key = 1, value = 2, raw_value = 3)

Six fields in four messages do not pay for a protobuf runtime whose version generated code is bound
to. Fields that are not known are skipped, so that newer Envoys can be read (protobuf.dev,
"Encoding").

Rule: whatever bytes come, the result is a message or a `CodecError`; nothing is read twice, and
      nothing is copied but field names, field values and bodies.
"""

from __future__ import annotations

import enum

from collections.abc import Iterator
from dataclasses import dataclass

from shadowmon.errors import CodecError


class Kind(enum.IntEnum):
    """Which part of an exchange a message tells of; the values are those of the wire."""

    REQUEST_HEADERS = 2
    RESPONSE_HEADERS = 3
    REQUEST_BODY = 4
    RESPONSE_BODY = 5
    REQUEST_TRAILERS = 6
    RESPONSE_TRAILERS = 7


Fields = tuple[tuple[bytes, bytes], ...]
"""Names in lower case, those that begin with a colon first (HTTP/2's pseudo-header fields)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of Envoy's."""

    kind: Kind
    fields: Fields = ()
    """Of headers only."""
    body: bytes = b""
    """A piece of it, of bodies only; content codings are not taken off."""
    is_last: bool = False
    """Nothing more comes of this side. Trailers are always the last."""
    is_observing: bool = False
    """Envoy waits for no answer (`observability_mode`)."""


_HEADERS = frozenset({Kind.REQUEST_HEADERS, Kind.RESPONSE_HEADERS})
_BODIES = frozenset({Kind.REQUEST_BODY, Kind.RESPONSE_BODY})
_KINDS = frozenset(Kind)
_OBSERVABILITY_MODE = 10

_HEADER_MAP, _HEADERS_END = 1, 3
_BODY, _BODY_END = 1, 2
_KEY, _VALUE, _RAW_VALUE = 1, 2, 3

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED_64: 8, _FIXED_32: 4}
_VARINT_BITS = 70
"""Ten bytes of seven bits."""
_WORD = (1 << 64) - 1


def decode(data: bytes) -> Message:
    """
    Read one message.

    Args:
        data: A serialized `ProcessingRequest`.

    Raises:
        CodecError: If it is none, or tells of no part of an exchange.

    """
    kind: Kind | None = None
    part = memoryview(b"")
    is_observing = False
    for number, value in _fields(memoryview(data)):
        if isinstance(value, int):
            is_observing = bool(value) if number == _OBSERVABILITY_MODE else is_observing
        elif number in _KINDS:
            kind, part = Kind(number), value
    if kind is None:
        msg = "an ext_proc message tells neither of a request nor of a response"
        raise CodecError(msg)
    if kind in _HEADERS:
        fields, is_last = _headers(part)
        return Message(kind=kind, fields=fields, is_last=is_last, is_observing=is_observing)
    if kind in _BODIES:
        body, is_last = _body(part)
        return Message(kind=kind, body=body, is_last=is_last, is_observing=is_observing)
    return Message(kind=kind, is_last=True, is_observing=is_observing)


def _headers(part: memoryview) -> tuple[Fields, bool]:
    fields: list[tuple[bytes, bytes]] = []
    is_last = False
    for number, value in _fields(part):
        if isinstance(value, int):
            is_last = bool(value) if number == _HEADERS_END else is_last
        elif number == _HEADER_MAP:
            fields += (
                _header(each)
                for inner, each in _fields(value)
                if inner == _HEADER_MAP and not isinstance(each, int)
            )
    return tuple(fields), is_last


def _header(part: memoryview) -> tuple[bytes, bytes]:
    """Return name and value. Envoys before 1.28 wrote `value`, later ones write `raw_value`."""
    found = {number: bytes(each) for number, each in _fields(part) if not isinstance(each, int)}
    return found.get(_KEY, b""), found.get(_RAW_VALUE) or found.get(_VALUE, b"")


def _body(part: memoryview) -> tuple[bytes, bool]:
    body, is_last = b"", False
    for number, value in _fields(part):
        if isinstance(value, int):
            is_last = bool(value) if number == _BODY_END else is_last
        elif number == _BODY:
            body = bytes(value)
    return body, is_last


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number and its value: a number, or the bytes that its length spans."""
    at = 0
    while at < len(view):
        tag, at = _varint(view, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, at = _varint(view, at)
            yield number, value
        elif wire_type == _LENGTH:
            length, at = _varint(view, at)
            end = _end(view, at, length)
            yield number, view[at:end]
            at = end
        elif wire_type in _FIXED_BYTES:
            at = _end(view, at, _FIXED_BYTES[wire_type])
        else:
            msg = f"an ext_proc message has a field of wire type {wire_type}"
            raise CodecError(msg)


def _end(view: memoryview, at: int, length: int) -> int:
    if length > len(view) - at:
        msg = "an ext_proc message ends in the middle of a field"
        raise CodecError(msg)
    return at + length


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it has ended."""
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        if at >= len(view):
            msg = "an ext_proc message ends in the middle of a number"
            raise CodecError(msg)
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 1 << 7:
            return value & _WORD, at
    msg = "an ext_proc message has a number of more than ten bytes"
    raise CodecError(msg)
