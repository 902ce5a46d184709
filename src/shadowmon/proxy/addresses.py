"""
Several servers of one model: which one is asked next?

The less busy of two that are next in turn (the power of two choices, Mitzenmacher 2001, with turns
in the place of dice). An address that keeps failing rests (`health`); if all of them should rest,
none does, for a server that may work is better than a refusal.

Rule: an address that takes no connection costs the request nothing but time: nothing was sent yet,
      so each other address is tried once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shadowmon.proxy.pool import Pool
from shadowmon.proxy.sides import Answerer, Waiter
from shadowmon.proxy.upstream import Upstream


class Addresses:
    """The servers of one model; to a passage it is as good as one `Pool`."""

    def __init__(self, pools: Sequence[Pool], on_detour: Callable[[], None]) -> None:
        """
        Make it of two pools or more.

        Args:
            pools: One for each address; each has a `Health`.
            on_detour: Called when a request goes on to a further address.

        """
        self._pools = tuple(pools)
        self._on_detour = on_detour
        self._turn = 0

    def take(self) -> Upstream | None:
        """Return an idle connection to the server whose turn it is, or None."""
        self._turn += 1
        return self._choice(self._working()).take()

    def connect(self, waiter: Waiter) -> None:
        """Make a connection to the server whose turn it still is, else to any other."""
        first = self._choice(self._working())
        first.connect(_Search(waiter, [pool for pool in self._pools if pool is not first], self))

    def detour(self, left: list[Pool]) -> Pool:
        """Choose among those that a request has not tried; takes it out of `left`."""
        self._on_detour()
        working = [pool for pool in left if not _rests(pool)]
        chosen = self._choice(working or left)
        left.remove(chosen)
        return chosen

    def _working(self) -> Sequence[Pool]:
        return [pool for pool in self._pools if not _rests(pool)] or self._pools

    def _choice(self, pools: Sequence[Pool]) -> Pool:
        one, other = pools[self._turn % len(pools)], pools[(self._turn + 1) % len(pools)]
        return other if other.busy < one.busy else one

    def sweep(self, now: float) -> None:
        """See `Pool.sweep`."""
        for pool in self._pools:
            pool.sweep(now)

    def close(self) -> None:
        """See `Pool.close`."""
        for pool in self._pools:
            pool.close()


def _rests(pool: Pool) -> bool:
    return pool.health is not None and pool.health.rests


class _Search:
    """A request that wants a connection to any of the servers."""

    def __init__(self, waiter: Waiter, left: list[Pool], addresses: Addresses) -> None:
        self._waiter = waiter
        self._left = left
        self._addresses = addresses

    def connected(self, upstream: Answerer) -> None:
        """See `Waiter`."""
        self._waiter.connected(upstream)

    def unreachable(self) -> None:
        """See `Waiter`."""
        if self._left and self._waiter.waits:
            self._addresses.detour(self._left).connect(self)
        else:
            self._waiter.unreachable()

    @property
    def waits(self) -> bool:
        """See `Waiter`."""
        return self._waiter.waits
