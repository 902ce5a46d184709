"""
Exchanges, from whoever saw them to a scoring worker, over a packet socket that never blocks.

A packet is: four bytes, the length of the head; the head (MessagePack); the request's body; the
answer's body. The bodies are handed to the kernel as the pieces they arrived in. A packet too
large for the socket's buffer travels as a memory file whose descriptor goes along.

The kernel keeps packets whole, so any number of writers and readers may share one socket.
"""

from __future__ import annotations

import array
import os
import socket
import struct

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

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
    headers: list[tuple[bytes, bytes]]
    duration_seconds: float
    first_byte_seconds: float | None


class ExchangeHead(msgspec.Struct, frozen=True, array_like=True):
    """`records.Exchange` but for its bodies, cheap to make on a user's path."""

    id: str
    route: str
    source: str
    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    received_at: float
    """Seconds since the epoch."""
    served: ServedHead | None
    failed_first: ServedHead | None
    body_bytes: int
    """Length of the request's body; the rest of the packet is the answer's."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ExchangeHead)


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return (to write, to read), both non-blocking, with the largest buffer we may have."""
    write, read = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end, option in ((write, socket.SO_SNDBUF), (read, socket.SO_RCVBUF)):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    return write, read


def send(
    sock: socket.socket,
    head: ExchangeHead,
    request_body: Iterable[bytes],
    answer_body: Iterable[bytes] = (),
) -> bool:
    """Hand an exchange over; False if there was no room. Never waits."""
    encoded = _encoder.encode(head)
    pieces = [_LENGTH.pack(len(encoded)), encoded, *request_body, *answer_body]
    size = sum(map(len, pieces))
    try:
        if size <= _INLINE_MAX:
            sock.sendmsg(pieces)
        else:
            _send_file(sock, pieces)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError, OSError):
        return False
    return True


def _send_file(sock: socket.socket, pieces: Sequence[bytes]) -> None:
    fd = os.memfd_create("shadowmon-exchange")
    try:
        with open(fd, "wb", closefd=False) as file:
            file.writelines(pieces)
        sock.sendmsg(
            [b"file"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes())]
        )
    finally:
        os.close(fd)


def receive(sock: socket.socket) -> Exchange | None:
    """
    Take the next exchange; None if the other side is gone for good.

    Raises:
        BlockingIOError: If there is none now.

    """
    packet, ancillary, _, _ = sock.recvmsg(_PACKET_MAX, socket.CMSG_SPACE(4))
    for _, _, data in ancillary:
        fd = array.array("i", data)[0]
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            file.seek(0)
            packet = file.read()
    return decode(packet) if packet else None


def decode(packet: bytes) -> Exchange:
    """Read a packet."""
    (length,) = _LENGTH.unpack_from(packet)
    at = _LENGTH.size + length
    head = _decoder.decode(packet[_LENGTH.size : at])
    body, answer = packet[at : at + head.body_bytes], packet[at + head.body_bytes :]
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


def _headers(raw: list[tuple[bytes, bytes]]) -> Headers:
    return tuple(
        (name.lower().decode("utf-8", "replace"), value.decode("utf-8", "replace"))
        for name, value in raw
    )


def _text(text: str) -> str:
    return text.replace("\x00", "\ufffd")
