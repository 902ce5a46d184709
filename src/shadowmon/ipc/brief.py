"""
How an exchange is told that went the usual way: its request was here whole, and so was its answer.

That is nearly every exchange that is no stream, and telling of it costs every user who comes next.
So nothing is taken apart for it: the request is told as it went to the model server, and what many
exchanges have in common (a route and its model, an answer's fields) is written once and told again
and again. All numbers are little-endian.

    0             u32: so it is told apart from the length of a longer telling's head (`handover`)
    sizes         4 x u32: id, request with its head, request's body, answer's body
    times         3 x f64: received at, s since the epoch; till the first byte, s; till the end, s
    arm           3 x u16, source, route, model     (`arm`)
    id
    fields        2 x u32: where they begin in the request, and where they end in its head (`Range`)
    request
    answer        2 x u32: status, size of its fields; its fields (`answer`)
    answer's body
"""

from __future__ import annotations

import struct

from typing import NamedTuple


MARK = 0
FACTS = struct.Struct("<I4I3d")
"""`MARK`, sizes and times."""
_ARM = struct.Struct("<3H")
_RANGE = struct.Struct("<2I")
_ANSWER = struct.Struct("<2I")


def arm(source: str, route: str, model: str) -> bytes:
    """Write who saw an exchange, of which route, and who answered it."""
    texts = [each.encode() for each in (source, route, model)]
    return _ARM.pack(*map(len, texts)) + b"".join(texts)


def fields_range(begin: int, end: int) -> bytes:
    """
    Write where the end-to-end fields are in a request's head.

    Args:
        begin: Bytes before them.
        end: Bytes after them, up to the end of the head.

    """
    return _RANGE.pack(begin, end)


def answer(status: int, fields: bytes) -> bytes:
    """Write what an answer's head says; `fields` are its lines, without the last one's end."""
    return _ANSWER.pack(status, len(fields)) + fields


class Told(NamedTuple):
    """What was told."""

    source: str
    route: str
    model: str
    id: bytes
    method: bytes
    target: bytes
    fields: bytes
    body: bytes
    status: int
    answer_fields: bytes
    answer_body: bytes
    received_at: float
    first_byte_seconds: float
    duration_seconds: float


def read(packet: bytes, at: int) -> tuple[Told, int]:
    """Read what is told at a place; return it, and where it ends."""
    _, id_size, request_size, body_size, answer_size, *times = FACTS.unpack_from(packet, at)
    at += FACTS.size
    source, route, model = _read_arm(packet, at)
    at += _ARM.size + len(source) + len(route) + len(model)
    name = packet[at : at + id_size]
    at += id_size
    begin, end = _RANGE.unpack_from(packet, at)
    at += _RANGE.size
    head_size = request_size - body_size
    head, body = packet[at : at + head_size], packet[at + head_size : at + request_size]
    at += request_size
    status, fields_size = _ANSWER.unpack_from(packet, at)
    at += _ANSWER.size
    fields = packet[at : at + fields_size]
    at += fields_size
    method, target, _ = head.split(b" ", 2)
    told = Told(
        source.decode(),
        route.decode(),
        model.decode(),
        name,
        method,
        target,
        head[begin : head_size - end],
        body,
        status,
        fields,
        packet[at : at + answer_size],
        *times,
    )
    return told, at + answer_size


def _read_arm(packet: bytes, at: int) -> list[bytes]:
    sizes = _ARM.unpack_from(packet, at)
    at += _ARM.size
    texts = []
    for size in sizes:
        texts.append(packet[at : at + size])
        at += size
    return texts
