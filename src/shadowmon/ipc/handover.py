"""
Exchanges, from whoever saw them to a scoring worker, over a packet socket that never blocks.

A packet holds one exchange or several, one after the other: four bytes, the length of the head;
the head (MessagePack); the request's body; the bodies of the answer that was served and of those
that production had also. What went the usual way is told in another form (`brief`), whose first
four bytes are no length. A packet too large for the socket's buffer travels as a memory file whose
descriptor goes along, under a cover: four bytes, the number of exchanges, and zeros in proportion
to the file. For the kernel bounds what waits by the bytes of packets (`net.core.wmem_max`), and
knows nothing of files.

The kernel keeps packets whole, so any number of writers and readers may share one socket.
"""

from __future__ import annotations

import array
import os
import socket
import struct

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from shadowmon.errors import ShadowmonError
from shadowmon.ipc import brief
from shadowmon.records import Ending, Exchange, ExchangeId, Headers, ModelName, RouteName, Served


_LENGTH = struct.Struct("<I")
_SURELY_INLINE = 128 * 1024
"""A packet up to this size goes by itself; a larger one as a file."""
_PIECES_MAX = 1000
"""So many the kernel takes at once (IOV_MAX is 1024); more are joined first."""
_BUFFER = 4 * 1024 * 1024
_PACKET_MAX = 256 * 1024
TOGETHER_MAX = 112 * 1024
"""Bytes that may be in a packet with the bodies of the exchange that is added last: it leaves room
for the head of that one."""


_FILE_BYTES_FOR_ONE = 8
"""Of a memory file, for one byte of its cover: what waits in files is so many times the buffer."""
_COVER_MAX = 192 * 1024
"""A packet must fit into the smallest buffer that Linux gives by default."""


class ServedHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`records.Served` but for its body."""

    model: str
    ending: Ending
    status: int
    headers: bytes
    """Field lines as on the wire, without the last one's end."""
    duration_seconds: float
    first_byte_seconds: float | None
    body_bytes: int


class ExchangeHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
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


class LostError(ShadowmonError):
    """A packet's file could not be taken, for no descriptor was free; it is gone."""

    def __init__(self, exchanges: int) -> None:
        self.exchanges = exchanges
        """How many were in it."""
        super().__init__(f"{exchanges} exchanges were lost: no file descriptor is free")


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
        if packet.size + sum(map(len, (*parcel.request, *parcel.answer))) > TOGETHER_MAX:
            handed_over += packet.send(sock)
        packet.add(parcel)
    return handed_over + packet.send(sock)


class Packet:
    """Exchanges that go together. Their pieces are referred to until then, and not copied."""

    __slots__ = ("_pieces", "exchanges", "size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0
        """Bytes that are in it, about."""
        self.exchanges = 0
        """How many are in it."""

    def add(self, parcel: Parcel) -> None:
        """Put an exchange in."""
        encoded = _encoder.encode(parcel.head)
        pieces = (_LENGTH.pack(len(encoded)), encoded, *parcel.request, *parcel.answer)
        self.add_brief(pieces, sum(map(len, pieces)))

    def add_brief(self, pieces: Sequence[bytes], size: int) -> None:
        """Put in an exchange that is told as `brief` says; `size` is that of its pieces, about."""
        self._pieces += pieces
        self.size += size
        self.exchanges += 1

    def send(self, sock: socket.socket | None) -> int:
        """
        Empty it, into a socket or (None) nowhere.

        Returns:
            How many exchanges were handed over: all, or none.

        """
        exchanges, self.exchanges = self.exchanges, 0
        pieces, self._pieces = self._pieces, []
        size, self.size = self.size, 0
        if sock is None or not exchanges:
            return 0
        return exchanges if _sent(sock, pieces, size, exchanges) else 0


def _sent(sock: socket.socket, pieces: Sequence[bytes], size: int, exchanges: int) -> bool:
    if len(pieces) > _PIECES_MAX:
        pieces = [b"".join(pieces)]
    try:
        if size <= _SURELY_INLINE:
            sock.sendmsg(pieces)
        else:
            _send_file(sock, pieces, size, exchanges)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError, OSError):
        return False
    return True


def _send_file(sock: socket.socket, pieces: Sequence[bytes], size: int, exchanges: int) -> None:
    cover = _LENGTH.pack(exchanges).ljust(min(size // _FILE_BYTES_FOR_ONE, _COVER_MAX), b"\0")
    fd = os.memfd_create("shadowmon-exchange")
    try:
        with open(fd, "wb", closefd=False) as file:
            file.writelines(pieces)
        sock.sendmsg(
            [cover],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())],
        )
    finally:
        os.close(fd)


def receive(sock: socket.socket) -> list[Exchange]:
    """
    Take the next packet's exchanges; none if the other side is gone for good.

    Raises:
        BlockingIOError: If there is no packet now.
        LostError: If there was one, and its file found no free descriptor (recvmsg(2), MSG_CTRUNC).

    """
    packet, ancillary, flags, _ = sock.recvmsg(_PACKET_MAX, socket.CMSG_SPACE(4))
    if flags & socket.MSG_CTRUNC:
        raise LostError(*_LENGTH.unpack_from(packet))
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
        if length == brief.MARK:
            told, at = brief.read(packet, at)
            yield _told_briefly(told)
            continue
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


def _told_briefly(told: brief.Told) -> Exchange:
    served = ServedHead(
        model=told.model,
        ending=Ending.COMPLETE,
        status=told.status,
        headers=told.answer_fields,
        duration_seconds=told.duration_seconds,
        first_byte_seconds=told.first_byte_seconds,
        body_bytes=len(told.answer_body),
    )
    head = ExchangeHead(
        id=told.id.decode("utf-8", "replace"),
        route=told.route,
        source=told.source,
        method=told.method,
        target=told.target,
        headers=told.fields,
        received_at=told.received_at,
        served=served,
        failed_first=None,
        body_bytes=len(told.body),
    )
    return _exchange(head, told.body, told.answer_body)


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
