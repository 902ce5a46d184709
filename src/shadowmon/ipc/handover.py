"""
Exchanges, from whoever saw them to a scoring worker, over a packet socket that never blocks.

A packet holds one exchange or several, one after the other: four bytes, the length of the head;
the head (MessagePack); the request's body; the bodies of the answer that was served and of those
that production had also. A packet too large for the socket's buffer travels as a memory file whose
descriptor goes along.

The kernel keeps packets whole, so any number of writers and readers may share one socket.
"""

from __future__ import annotations

import array
import io
import os
import socket
import struct

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from shadowmon.records import Ending, Exchange, ExchangeId, Headers, ModelName, RouteName, Served


_LENGTH = struct.Struct("<I")
_INLINE_MAX = 128 * 1024
_BUFFER = 4 * 1024 * 1024
_PACKET_MAX = 256 * 1024
_TOGETHER_MAX = 112 * 1024
"""Bytes that may be in a packet with the bodies of the exchange that is added last: it leaves room
for the head of that one."""


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


class Parcel(msgspec.Struct, frozen=True):
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
    packet = Packet()
    handed_over = 0
    for parcel in parcels:
        if not packet.has_room(sum(map(len, (*parcel.request, *parcel.answer)))):
            handed_over += packet.send(sock)
        packet.add(parcel.head, parcel.request, parcel.answer)
    return handed_over + packet.send(sock)


class Packet:
    """
    Exchanges that go together, written one after the other into the same memory.

    So the pieces of their bodies are free again at once, and what comes next is read into memory
    that the processor has at hand: it is that, more than the copying, which costs.
    """

    __slots__ = ("_written", "exchanges")

    def __init__(self) -> None:
        self._written = io.BytesIO()
        self.exchanges = 0
        """How many are in it."""

    def has_room(self, body_bytes: int) -> bool:
        """Can an exchange with so many bytes of bodies go with those that are in it?"""
        return not self.exchanges or self._written.tell() + body_bytes <= _TOGETHER_MAX

    def add(self, head: ExchangeHead, request: Iterable[bytes], answer: Iterable[bytes]) -> None:
        """Write an exchange (see `Parcel`)."""
        encoded = _encoder.encode(head)
        self._written.writelines((_LENGTH.pack(len(encoded)), encoded, *request, *answer))
        self.exchanges += 1

    def send(self, sock: socket.socket | None) -> int:
        """
        Empty it, into a socket or (None) nowhere.

        Returns:
            How many exchanges were handed over: all, or none.

        """
        exchanges, self.exchanges = self.exchanges, 0
        written, size = self._written, self._written.tell()
        written.seek(0)
        if size > _INLINE_MAX:  # so much memory is not kept
            self._written = io.BytesIO()
        if sock is None or not exchanges:
            return 0
        with written.getbuffer() as packet:
            return exchanges if _sent(sock, packet[:size]) else 0


def _sent(sock: socket.socket, packet: memoryview) -> bool:
    try:
        if len(packet) <= _INLINE_MAX:
            sock.send(packet)
        else:
            _send_file(sock, packet)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError, OSError):
        return False
    return True


def _send_file(sock: socket.socket, packet: memoryview) -> None:
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
