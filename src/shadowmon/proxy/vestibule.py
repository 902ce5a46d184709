"""
Where users are from the moment they are accepted until they can be served, by TLS or plainly.

asyncio's own server tells of a connection only once its handshake is over, so that whoever never
ends it would never be counted. Here everyone has a place at once, which the other workers see too.

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


class Vestibule:
    """Gives those who come in a place, and makes TLS with them if they are to use it."""

    def __init__(
        self, station: Station, tasks: asyncio.TaskGroup, context: ssl.SSLContext | None
    ) -> None:
        """
        Make an empty one.

        Args:
            station: Looks after users, in here too.
            tasks: Where connections are made ready.
            context: What TLS is made with; None: users speak plainly.

        """
        self.context = context
        """May be exchanged; who is on the way in already meets the one of before."""
        self._station = station
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()

    def let_in(self, sock: socket.socket) -> None:
        """Look after one who has come; `sock` does not block, and is closed in time."""
        arrival = _Arrival(self._station)
        if not self._station.admit(arrival):
            sock.close()
            return
        arrival.coming = self._tasks.create_task(self._make_ready(sock, arrival))

    async def _make_ready(self, sock: socket.socket, arrival: _Arrival) -> None:
        context = self.context
        patience = None if context is None else self._station.limits.head_timeout_seconds
        try:
            await self._loop.connect_accepted_socket(
                lambda: arrival, sock, ssl=context, ssl_handshake_timeout=patience
            )
        except OSError:  # `ssl.SSLError` is one, and so is a handshake that took too long
            if context is not None:
                self._station.slot.add(Count.HANDSHAKE_FAILED)
        finally:
            self._station.dismiss(arrival)


class _Arrival(asyncio.Protocol):
    """One user on the way in; a `Visitor`."""

    def __init__(self, station: Station) -> None:
        self.deadline = math.inf
        """A handshake has a time limit of its own; only who drains has less patience."""
        self.coming: asyncio.Task[None] | None = None
        self._station = station

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is ready: let a `User` take over, who keeps the place."""
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
        if self.coming is not None:
            self.coming.cancel()
