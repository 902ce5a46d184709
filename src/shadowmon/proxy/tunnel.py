"""
Two connections that speak something else than HTTP (RFC 9110, section 7.8), joined.

From a 101 on, bytes are passed on as they are, both ways, and nothing is recorded. The tunnel takes
both connections over, so that neither `User` nor `Upstream` needs to know of it.

Rule 1: when one end closes, what is on its way is still sent, and then the other closes.
Rule 2: a tunnel on which nothing moves for too long is cut, like an answer that stalls.
"""

from __future__ import annotations

import asyncio

from abc import abstractmethod

from shadowmon.proxy.line import FULL, LINGER_SECONDS, Line
from shadowmon.proxy.sides import Answerer, Asker
from shadowmon.proxy.station import Station


_CLOSING_SECONDS = 2.0
"""How long a model server may take what is still on its way to it."""


def dig(station: Station, user: Asker, model: Answerer, *, down: bytes) -> None:
    """
    Join two connections.

    Args:
        station: Looks after the user's connection.
        user: Steps aside; what it has ahead is passed on.
        model: Must have nothing under way.
        down: The first bytes for the user.

    """
    early = user.step_aside()
    model.passage = None
    model.part()
    outer = _UserEnd(station, user.transport, user.holds)
    inner = _ModelEnd(station, model.transport, model.holds)
    outer.other, inner.other = inner, outer
    station.replace(user, outer)
    outer.transport.set_protocol(outer)
    inner.transport.set_protocol(inner)
    outer.write(down)
    if early:
        inner.write(early)


class _End(Line):
    """One end of a tunnel: what comes in here goes out at the other."""

    __slots__ = ("_station", "other")

    def __init__(self, station: Station, transport: asyncio.Transport, holds: int) -> None:
        self._station = station
        self.transport = transport
        self.holds = holds
        self.other: _End | None = None

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.other is not None:
            self.other.write(data)

    def write(self, data: bytes) -> None:
        """Send bytes out here."""
        self.transport.write(data)

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self.other is not None:
            self.other.hold(FULL)

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if self.other is not None:
            self.other.release(FULL)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own name
        """See `asyncio.BaseProtocol`."""
        self._part()

    def _part(self) -> None:
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            other.close()

    @abstractmethod
    def close(self) -> None:
        """End the connection as soon as everything is sent, or if that takes too long."""


class _UserEnd(_End):
    """The end at the user's; a `Visitor` of the station."""

    __slots__ = ("deadline",)

    deadline: float

    def __init__(self, station: Station, transport: asyncio.Transport, holds: int) -> None:
        super().__init__(station, transport, holds)
        self._extend()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._extend()
        super().data_received(data)

    def write(self, data: bytes) -> None:
        """Send bytes to the user."""
        self._extend()
        super().write(data)

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport then closes itself."""
        self._part()
        self.deadline = self._station.now + LINGER_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        super().connection_lost(exc)
        self._station.dismiss(self)

    def close(self) -> None:
        """The deadline says when it has taken too long."""
        self._extend()
        self.transport.close()

    def drain(self) -> None:
        """Go on: something is always under way in a tunnel."""

    def expire(self) -> None:
        """See `Visitor`."""
        self.cut()

    def cut(self) -> None:
        """See `Visitor`."""
        self._part()
        self.reset()

    def _extend(self) -> None:
        station = self._station
        self.deadline = station.now + station.limits.stream_idle_timeout_seconds


class _ModelEnd(_End):
    """The end at the model server's."""

    __slots__ = ("_last_moment",)

    def __init__(self, station: Station, transport: asyncio.Transport, holds: int) -> None:
        super().__init__(station, transport, holds)
        self._last_moment: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """There is no deadline at this end, so a timer ends it."""
        self.transport.close()
        self._last_moment = self._station.loop.call_later(_CLOSING_SECONDS, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        super().connection_lost(exc)
        if self._last_moment is not None:  # asyncio cannot abort what it has closed already
            self._last_moment.cancel()
