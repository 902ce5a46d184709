"""
Exchanges, from whoever saw them to a scoring worker, over a packet socket that never blocks.

A packet holds one exchange or several, one after the other: four bytes, the length of the head;
the head (MessagePack); the request's body; the bodies of the answer that was served and of those
that production had also. An exchange too large for the socket's buffer travels on its own, as a
memory file whose descriptor goes along.

The kernel keeps packets whole, so any number of writers and readers may share one socket.
"""

from __future__ import annotations

import array
import itertools
import os
import socket
import struct

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from shadowmon.records import Ending, Exchange, ExchangeId, Headers, ModelName, RouteName, Served


_LENGTH = struct.Struct("<I")
_INLINE_MAX = 128 * 1024
_BUFFER = 4 * 1024 * 1024
_PACKET_MAX = 256 * 1024


class ServedHead(msgspec.Struct, frozen=True, array_like=True):
    """`records.Served` but for its body."""

    model: str
    ending: Ending
    status: int
    headers: bytes
    """Field lines as on the wire, without the last one's end."""
    duration_seconds: float
    first_byte_seconds: float | None
    body_bytes: int


class ExchangeHead(msgspec.Struct, frozen=True, array_like=True):
    """`records.Exchange` but for its bodies, cheap to make on a user's path."""

    id: str
    route: str
    source: str
    method: bytes
    target: bytes
    headers: bytes
    received_at: float
    """Seconds since the epoch."""
    served: ServedHead | None
    failed_first: ServedHead | None
    body_bytes: int
    also: tuple[ServedHead, ...] = ()
    """Their bodies come after the served one's, in this order."""


class Parcel(NamedTuple):
    """An exchange on its way, its bodies in the pieces they came in."""

    head: ExchangeHead
    request: Sequence[bytes]
    answer: Sequence[bytes] = ()
    """The served answer's body, and those of the others."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ExchangeHead)


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return (to write, to read), both non-blocking, with the largest buffer we may have."""
    write, read = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end, option in ((write, socket.SO_SNDBUF), (read, socket.SO_RCVBUF)):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    return write, read


def send(sock: socket.socket, parcels: Iterable[Parcel]) -> int:
    """Hand exchanges over, those that there is room for; return how many. Never waits."""
    return send_packed(sock, itertools.starmap(packed, parcels))


def packed(head: ExchangeHead, request: Iterable[bytes], answer: Iterable[bytes]) -> bytes:
    """Return an exchange (see `Parcel`) as it stands in a packet."""
    encoded = _encoder.encode(head)
    return b"".join([_LENGTH.pack(len(encoded)), encoded, *request, *answer])


def send_packed(sock: socket.socket, exchanges: Iterable[bytes]) -> int:
    """Do as `send` does, with what `packed` returned: as many in one packet as fit."""
    packet: list[bytes] = []
    size = handed_over = 0
    for exchange in exchanges:
        if packet and size + len(exchange) > _INLINE_MAX:
            handed_over += _sent(sock, packet)
            packet, size = [], 0
        packet.append(exchange)
        size += len(exchange)
    return handed_over + (_sent(sock, packet) if packet else 0)


def _sent(sock: socket.socket, exchanges: Sequence[bytes]) -> int:
    """Send one packet; return how many exchanges were handed over with it."""
    packet = b"".join(exchanges)
    try:
        if len(packet) <= _INLINE_MAX:
            sock.send(packet)
        else:
            _send_file(sock, packet)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError, OSError):
        return 0
    return len(exchanges)


def _send_file(sock: socket.socket, packet: bytes) -> None:
    fd = os.memfd_create("shadowmon-exchange")
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(packet)
        sock.sendmsg(
            [b"file"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())]
        )
    finally:
        os.close(fd)


def receive(sock: socket.socket) -> list[Exchange]:
    """
    Take the next packet's exchanges; none if the other side is gone for good.

    Raises:
        BlockingIOError: If there is no packet now.

    """
    packet, ancillary, _, _ = sock.recvmsg(_PACKET_MAX, socket.CMSG_SPACE(4))
    for _, _, data in ancillary:
        fd = array.array("i", data)[0]
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            file.seek(0)
            packet = file.read()
    return list(_exchanges(packet))


def _exchanges(packet: bytes) -> Iterator[Exchange]:
    at = 0
    while at < len(packet):
        (length,) = _LENGTH.unpack_from(packet, at)
        at += _LENGTH.size
        head = _decoder.decode(packet[at : at + length])
        at += length
        sizes = (
            head.body_bytes,
            head.served.body_bytes if head.served else 0,
            *(each.body_bytes for each in head.also),
        )
        bodies: list[bytes] = []
        for size in sizes:
            bodies.append(packet[at : at + size])
            at += size
        yield _exchange(head, *bodies)


def _exchange(head: ExchangeHead, body: bytes, answer: bytes, *others: bytes) -> Exchange:
    return Exchange(
        id=ExchangeId(_text(head.id)),
        route=RouteName(head.route),
        source=head.source,
        method=head.method.decode("latin-1"),
        target=head.target.decode("latin-1"),
        headers=_headers(head.headers),
        body=body,
        served=_served(head.served, answer),
        failed_first=_served(head.failed_first, b""),
        also=tuple(
            served
            for each, other in zip(head.also, others, strict=True)
            if (served := _served(each, other)) is not None
        ),
        received_at=datetime.fromtimestamp(head.received_at, UTC),
    )


def _served(head: ServedHead | None, body: bytes) -> Served | None:
    if head is None:
        return None
    return Served(
        model=ModelName(head.model),
        ending=head.ending,
        status=head.status,
        headers=_headers(head.headers),
        body=body,
        duration_seconds=head.duration_seconds,
        first_byte_seconds=head.first_byte_seconds,
    )


def _headers(raw: bytes) -> Headers:
    lines = (line.partition(b":") for line in raw.split(b"\r\n") if line)
    return tuple(
        (
            name.lower().decode("utf-8", "replace"),
            value.removeprefix(b" ").decode("utf-8", "replace"),
        )
        for name, _, value in lines
    )


def _text(text: str) -> str:
    return text.replace("\x00", "\ufffd")
