"""
One connection, whoever is at its other end: when it is read, and how it is cut.

Rule: reading stops while what was read cannot be passed on; each reason is held and released on
      its own, and reading goes on when none is left.
"""

from __future__ import annotations

import asyncio
import enum
import fcntl
import socket
import struct
import termios

from typing import cast


WRITE_BUFFER_BYTES = 262_144
"""More than this waiting to be sent, and the other side is read no further."""

LINGER_SECONDS = 2.0
"""How long a user may still send after our last answer: closing at once would make the kernel
reset the connection, and the answer could be lost with it (RFC 9112, section 9.6)."""

_INT = struct.Struct("i")
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends a reset, so that nobody takes it for a clean end."""


class Hold(enum.IntFlag):
    """Why a connection is not read."""

    CONNECTING = 1
    """There is no connection yet to pass it on by."""
    FULL = 2
    """The other side does not take what was sent."""
    AHEAD = 4
    """The user has sent more than a head's worth ahead of its turn."""


# Members of an Enum are slow to look up and to combine in Python 3.11.
CONNECTING, FULL, AHEAD = map(int, Hold)


class Line(asyncio.Protocol):
    """A connection."""

    __slots__ = ("holds", "transport")

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.holds = 0
        """Of `Hold`: why it is not read at present."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = made = cast("asyncio.Transport", transport)  # uvloop's is none by name
        made.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    def hold(self, reason: int) -> None:
        """Read no further, for a reason out of `Hold`."""
        if not self.holds and not self.transport.is_closing():
            self.transport.pause_reading()
        self.holds |= reason

    def release(self, reason: int) -> None:
        """Read on, unless there is another reason not to."""
        if self.holds & reason:
            self.holds &= ~reason
            if not self.holds and not self.transport.is_closing():
                self.transport.resume_reading()

    def unread(self) -> bool:
        """Is there something that the kernel has and we have not read yet (FIONREAD, tty_ioctl)?"""
        sock = self.transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return False
        waiting = fcntl.ioctl(sock.fileno(), termios.FIONREAD, bytes(_INT.size))
        return bool(_INT.unpack(waiting)[0])

    def reset(self) -> None:
        """End the connection in a way that cannot be taken for the end of an answer."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()
