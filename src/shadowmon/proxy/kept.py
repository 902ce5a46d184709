"""
A request's bytes, kept as they are sent for as long as they may have to be sent again.

Rule: bounded: each request, and all that one worker keeps. What is beyond is sent once, and never
      again.
"""

from __future__ import annotations

from shadowmon.ipc.board import Count
from shadowmon.proxy.account import Account
from shadowmon.proxy.pick import Choice
from shadowmon.proxy.request_head import RequestHead
from shadowmon.proxy.station import Station


class Kept(Account):
    """The account of an exchange whose request can be sent again."""

    __slots__ = ("_kept_bytes", "kept")

    def __init__(
        self, station: Station, head: RequestHead, choice: Choice, began_at: float
    ) -> None:
        """Begin with nothing; see `Account`."""
        Account.__init__(self, station, head, choice, began_at)  # super() would be slow, here
        self.kept: list[bytes] | None = []
        """Everything that was sent to the model; None once it cannot be sent again."""
        self._kept_bytes = 0

    def keep(self, wire: bytes) -> None:
        """Keep what was sent too, unless it would be too much."""
        kept = self.kept
        if kept is None:
            return
        station, size = self.station, len(wire)
        self._kept_bytes += size
        station.kept_bytes += size
        kept.append(wire)
        if station.kept_bytes > station.limits.retry_total_max_bytes:
            station.slot.add(Count.NOT_KEPT)
            self.let_go()
        elif self._kept_bytes > station.limits.retry_max_bytes:
            self.let_go()

    def let_go(self) -> None:
        """Send the request no more."""
        self.station.kept_bytes -= self._kept_bytes
        self._kept_bytes = 0
        self.kept = None
