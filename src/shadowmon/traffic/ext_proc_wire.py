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


_KINDS = {kind.value: kind for kind in Kind}
# Numbers, for a member of an enumeration is slow to find.
_HEADERS = frozenset({Kind.REQUEST_HEADERS.value, Kind.RESPONSE_HEADERS.value})
_BODIES = frozenset({Kind.REQUEST_BODY.value, Kind.RESPONSE_BODY.value})
_OBSERVABILITY_MODE = 10

_HEADER_MAP, _HEADERS_END = 1, 3
_BODY, _BODY_END = 1, 2
_KEY, _VALUE, _RAW_VALUE = 1, 2, 3

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_NUMBERED = frozenset({_VARINT, _LENGTH})
"""Those that begin with a number: the value, or how long it is."""
_FIXED_BYTES = {_FIXED_64: 8, _FIXED_32: 4}
_VARINT_BITS = 70
"""Ten bytes of seven bits."""
_WORD = (1 << 64) - 1
_LAST_OF_VARINT = 0x7F
"""A byte up to this one is a number's last; most numbers have no other."""
_MORE = 0x80
"""Stands for a number that is cut off."""


def decode(data: bytes) -> Message:
    """
    Read one message.

    Args:
        data: A serialized `ProcessingRequest`.

    Raises:
        CodecError: If it is none, or tells of no part of an exchange.

    """
    kind, begin, end = 0, 0, 0
    is_observing = False
    for number, value, at, to in _fields(data, 0, len(data)):
        if at < 0:
            is_observing = bool(value) if number == _OBSERVABILITY_MODE else is_observing
        elif number in _KINDS:
            kind, begin, end = number, at, to
    if not kind:
        msg = "an ext_proc message tells neither of a request nor of a response"
        raise CodecError(msg)
    if kind in _HEADERS:
        fields, is_last = _headers(data, begin, end)
        return Message(kind=_KINDS[kind], fields=fields, is_last=is_last, is_observing=is_observing)
    if kind in _BODIES:
        body, is_last = _body(data, begin, end)
        return Message(kind=_KINDS[kind], body=body, is_last=is_last, is_observing=is_observing)
    return Message(kind=_KINDS[kind], is_last=True, is_observing=is_observing)


def _headers(data: bytes, begin: int, end: int) -> tuple[Fields, bool]:
    fields: list[tuple[bytes, bytes]] = []
    is_last = False
    for number, value, at, to in _fields(data, begin, end):
        if at < 0:
            is_last = bool(value) if number == _HEADERS_END else is_last
        elif number == _HEADER_MAP:
            fields += (
                _header(data, inner_at, inner_to)
                for inner, _, inner_at, inner_to in _fields(data, at, to)
                if inner == _HEADER_MAP and inner_at >= 0
            )
    return tuple(fields), is_last


def _header(data: bytes, begin: int, end: int) -> tuple[bytes, bytes]:
    """Return name and value. Envoys before 1.28 wrote `value`, later ones write `raw_value`."""
    key = value = raw_value = b""
    for number, _, at, to in _fields(data, begin, end):
        if at < 0:
            continue
        if number == _KEY:
            key = data[at:to]
        elif number == _RAW_VALUE:
            raw_value = data[at:to]
        elif number == _VALUE:
            value = data[at:to]
    return key, raw_value or value


def _body(data: bytes, begin: int, end: int) -> tuple[bytes, bool]:
    body, is_last = b"", False
    for number, value, at, to in _fields(data, begin, end):
        if at < 0:
            is_last = bool(value) if number == _BODY_END else is_last
        elif number == _BODY:
            body = data[at:to]
    return body, is_last


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field: its name's number, and a number and (-1, -1), or where its bytes are."""
    while at < end:
        tag = data[at]
        at += 1
        if tag > _LAST_OF_VARINT:
            tag, at = _varint(data, at - 1, end)
        number, wire_type = tag >> 3, tag & 7
        if wire_type in _NUMBERED:
            value = data[at] if at < end else _MORE
            if value > _LAST_OF_VARINT:
                value, at = _varint(data, at, end)
            else:
                at += 1
            if wire_type == _VARINT:
                yield number, value, -1, -1
                continue
            begin = at
            at = _end(at, value, end)
            yield number, 0, begin, at
        elif wire_type in _FIXED_BYTES:
            at = _end(at, _FIXED_BYTES[wire_type], end)
        else:
            msg = f"an ext_proc message has a field of wire type {wire_type}"
            raise CodecError(msg)


def _end(at: int, length: int, end: int) -> int:
    if length > end - at:
        msg = "an ext_proc message ends in the middle of a field"
        raise CodecError(msg)
    return at + length


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it has ended."""
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        if at >= end:
            msg = "an ext_proc message ends in the middle of a number"
            raise CodecError(msg)
        byte = data[at]
        at += 1
        value |= (byte & _LAST_OF_VARINT) << shift
        if byte <= _LAST_OF_VARINT:
            return value & _WORD, at
    msg = "an ext_proc message has a number of more than ten bytes"
    raise CodecError(msg)
