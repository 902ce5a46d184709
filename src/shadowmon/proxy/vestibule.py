"""
Where users are until their TLS is made: they have come in, and have not yet been served.

asyncio's own server tells of a connection only once its handshake is over, so that whoever never
ends it would never be counted. Here everyone has a place from the moment they are accepted.

Rule 1: a user in here counts as one who is served: `connections_max` bounds both together.
Rule 2: nobody is in here for longer than a head may take.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl

from typing import cast

from shadowmon.ipc.board import Count
from shadowmon.proxy.station import Station
from shadowmon.proxy.user import LAST_REQUEST_SECONDS, User


_ACCEPTED_AT_ONCE = 16
"""So many are let in in one go, about: the others of us listen on the same socket."""
_PAUSE_SECONDS = 1.0
"""After the system had no descriptor left for a further connection; asyncio waits as long."""


class Vestibule:
    """Accepts users on one socket, and makes TLS with them."""

    def __init__(
        self,
        listener: socket.socket,
        station: Station,
        tasks: asyncio.TaskGroup,
        context: ssl.SSLContext,
    ) -> None:
        """
        Make one that is not open yet.

        Args:
            listener: Is closed with it.
            station: Looks after users, in here too.
            tasks: Where handshakes are made.
            context: What TLS is made with.

        """
        self.context = context
        """May be exchanged; who is on the way in already meets the one of before."""
        self._listener = listener
        self._station = station
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Let users in."""
        self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Let nobody in any more; twice is harmless."""
        if self._pause is not None:
            self._pause.cancel()
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left, or no memory
                self._loop.remove_reader(self._listener)
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self.open)
                return
            self._let_in(sock)

    def _let_in(self, sock: socket.socket) -> None:
        arrival = _Arrival(self._station)
        if not self._station.admit(arrival):
            sock.close()
            return
        sock.setblocking(False)
        arrival.handshake = self._tasks.create_task(self._shake_hands(sock, arrival))

    async def _shake_hands(self, sock: socket.socket, arrival: _Arrival) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: arrival,
                sock,
                ssl=self.context,
                ssl_handshake_timeout=self._station.limits.head_timeout_seconds,
            )
        except OSError:  # `ssl.SSLError` is one, and so is a handshake that took too long
            self._station.slot.add(Count.HANDSHAKE_FAILED)
        finally:
            self._station.dismiss(arrival)


class _Arrival(asyncio.Protocol):
    """One user on the way in; a `Visitor`."""

    def __init__(self, station: Station) -> None:
        self.deadline = math.inf
        """The handshake has a time limit of its own; only who drains has less patience."""
        self.handshake: asyncio.Task[None] | None = None
        self._station = station

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is made: let a `User` take over, who keeps the place."""
        user = User(self._station)
        self._station.replace(self, user)
        cast("asyncio.Transport", transport).set_protocol(user)
        user.connection_made(transport)
        if self._station.draining:
            user.drain()

    def drain(self) -> None:
        """See `Visitor`."""
        self.deadline = self._station.monotonic() + LAST_REQUEST_SECONDS

    def expire(self) -> None:
        """See `Visitor`."""
        self.cut()

    def cut(self) -> None:
        """See `Visitor`."""
        if self.handshake is not None:
            self.handshake.cancel()
