"""
How several workers on one listening socket share those who come in. Policy only: no I/O.

The kernel wakes every worker, and the first to come could let in all who wait; then one has most of
the connections for as long as they last. So a worker that has more of them open than another steps
aside for a moment (as nginx does, by `accept_disabled` and `accept_mutex_delay`).

Rule 1: whoever waits is not refused for it. After `PATIENCE_SECONDS` in which no sibling let anyone
        in one is let in, and another after each pause; after `PATIENCE_MAX_SECONDS` everyone is,
        though by one in each turn of the loop.
Rule 2: who was waited for in vain hangs, drains, or is too busy. It is not waited for again until
        it has let someone in, or until the next look round.
Rule 3: one worker alone has no manners, and pays nothing for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shadowmon.ipc.board import Count, Slot


AT_ONCE = 16
"""So many are let in in one turn of the loop, at most: users who are in already wait meanwhile."""
PATIENCE_SECONDS = 0.005
"""So long the first who waits may have to, for a sibling that lets nobody in."""
PATIENCE_MAX_SECONDS = 0.02
"""And so long all who have come at once: a sibling may have to wait for a CPU itself."""
PAUSE_SECONDS = 0.001
"""A worker that steps aside looks again as often."""
_LOST_SECONDS = 3.0
"""A worker says every second that it lives; one that has not for so long is no sibling."""
_SLACK, _SLACK_SHARE = 2, 16
"""Two more than another, or a sixteenth of all, is even enough."""


def open_on(slot: Slot) -> int:
    """Return how many connections a worker has open."""
    return slot.count(Count.CONNECTIONS) - slot.count(Count.CONNECTIONS_CLOSED)


class Manners:
    """One worker's, towards its siblings."""

    def __init__(self, own: Slot, others: Iterable[Slot]) -> None:
        """
        Make them, without any sibling yet.

        Args:
            own: The worker's slot.
            others: The slots that others may have, or may have had.

        """
        self._own = own
        self._others = tuple(map(_Sibling, others))
        self._siblings: Sequence[_Sibling] = ()
        self._until = 0.0
        """When the next one is let in, unless a sibling lets in someone before."""
        self._latest: float | None = None
        """The end of our patience in any case; None while nobody waits."""

    def look_round(self, at: float) -> None:
        """See who lives; `at` is in seconds since the epoch. To be called every second or so."""
        self._siblings = tuple(
            sibling for sibling in self._others if abs(at - sibling.slot.lived_at) < _LOST_SECONDS
        )
        for sibling in self._siblings:
            sibling.in_vain_at = -1

    def welcome(self, now: float) -> int:
        """
        Someone waits: say what to do.

        Args:
            now: Seconds, from any moment on.

        Returns:
            How many to let in in this turn of the loop; 0: none, and look again in
            `PAUSE_SECONDS`.

        """
        if not self._siblings:
            return AT_ONCE
        own = open_on(self._own)
        enough = own - max(_SLACK, own // _SLACK_SHARE)
        behind = [sibling for sibling in self._siblings if sibling.open < enough]
        if behind:
            return 0 if self._waits_for(behind, now) else 1
        least = min(sibling.open for sibling in self._siblings)
        return min(AT_ONCE, least - enough + 1)

    def _waits_for(self, behind: Sequence[_Sibling], now: float) -> bool:
        if self._latest is None:
            self._latest = now + PATIENCE_MAX_SECONDS
            self._hope(now)
        elif any(sibling.has_let_in for sibling in behind):
            self._hope(now)
        if not any(sibling.is_hoped_for for sibling in behind):
            return False
        if now < min(self._until, self._latest):
            return True
        for sibling in behind:
            sibling.in_vain_at = sibling.waited_for_at
        self._until = now + PAUSE_SECONDS  # one is let in; the next one waits a moment again
        return False

    def _hope(self, now: float) -> None:
        self._until = now + PATIENCE_SECONDS
        for sibling in self._siblings:
            sibling.wait_for()

    def nobody_waits(self) -> None:
        """Whoever came is in: there is patience again for those who come next."""
        self._latest = None


class _Sibling:
    """Another worker on the same socket."""

    __slots__ = ("in_vain_at", "is_hoped_for", "slot", "waited_for_at")

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.waited_for_at = -1
        """How many it had let in when we last began to wait."""
        self.in_vain_at = -1
        """How many it had let in when we last had waited in vain."""
        self.is_hoped_for = False
        """May it be about to let someone in?"""

    @property
    def open(self) -> int:
        """Connections."""
        return open_on(self.slot)

    @property
    def has_let_in(self) -> bool:
        """Has it let someone in since we began to wait?"""
        return self.slot.count(Count.CONNECTIONS) != self.waited_for_at

    def wait_for(self) -> None:
        """Begin to wait, unless that was in vain and nothing has happened since."""
        self.waited_for_at = self.slot.count(Count.CONNECTIONS)
        self.is_hoped_for = self.waited_for_at != self.in_vain_at
