"""
Messages on a stream socket: four bytes of length (little-endian), then so many bytes.

This half blocks: it is a child's, which has nothing else to do. The parent's half is child.py.
"""

from __future__ import annotations

import socket
import struct


HEAD = struct.Struct("<I")
"""The length of a frame's message, in bytes."""


def framed(message: bytes) -> bytes:
    """Return a message as it is sent."""
    return HEAD.pack(len(message)) + message


def receive(sock: socket.socket) -> bytearray | None:
    """Wait for the next message; None if the other side is gone, be it in the middle of one."""
    head = _receive_exactly(sock, HEAD.size)
    return None if head is None else _receive_exactly(sock, *HEAD.unpack(head))


def _receive_exactly(sock: socket.socket, size: int) -> bytearray | None:
    received = bytearray(size)
    rest = memoryview(received)
    while rest:
        count = sock.recv_into(rest)
        if count == 0:
            return None
        rest = rest[count:]
    return received
