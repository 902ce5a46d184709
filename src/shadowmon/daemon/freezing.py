"""
The freeze that holds now: taken from the journal, and told to every trial before it is judged.

Rule: while the store is down a freeze is in force at once if it can be kept elsewhere
(store/orders.py), and is journalled later; one that can be written nowhere is refused. To end a
freeze needs a commit.
"""

from __future__ import annotations

from shadowmon.daemon.orders import StandingOrders, order_to_freeze
from shadowmon.daemon.remembering import Remembering
from shadowmon.errors import RefusedError, StoreError
from shadowmon.records import Entry
from shadowmon.rollout.freeze import EVERY_TRIAL, Freeze, Hold, freeze_of
from shadowmon.store.orders import Order
from shadowmon.store.store import Store


class Freezing:
    """Whether everything is frozen; whoever holds the control loop's lock uses it."""

    def __init__(self, remembering: Remembering, store: Store, orders: StandingOrders) -> None:
        self.freeze: Freeze | None = None
        self._orders = orders
        self._remembering = remembering
        self._store = store

    @property
    def sentence(self) -> str:
        """Why nothing climbs; empty while nothing is frozen."""
        return self.freeze.sentence if self.freeze else ""

    async def restore(self) -> None:
        """
        Go on as the journal says.

        Raises:
            StoreError: If it cannot be read.

        """
        rows = await self._store.journal(trial_id=EVERY_TRIAL, limit=1)
        self.freeze = freeze_of(rows[0].entry if rows else None)

    async def take(self, hold: Hold, entry: Entry) -> Freeze | None:
        """
        Do what a person asks, and return what is frozen then.

        Raises:
            RefusedError: If it is so already.
            StoreError: If it can be written nowhere, or ends a freeze and cannot be journalled.

        """
        if hold is Hold.FREEZE and self.freeze is not None:
            msg = f"{self.freeze.sentence}, since {self.freeze.since.isoformat()} already"
            raise RefusedError(msg)
        if hold is Hold.UNFREEZE and self.freeze is None:
            msg = "nothing is frozen"
            raise RefusedError(msg)
        self._remembering.write(entry)
        await self._remembering.commit()
        if self._remembering.problem and not await self._is_kept(hold, entry):
            if self._remembering.is_uncertain:
                self.freeze = freeze_of(entry)
            else:
                self._remembering.take_back(entry)
            raise StoreError(self._remembering.not_done)
        self.freeze = freeze_of(entry)
        return self.freeze

    async def _is_kept(self, hold: Hold, entry: Entry) -> bool:
        return hold is Hold.FREEZE and await self._orders.keep(order_to_freeze(entry))

    def freeze_again(self, order: Order) -> None:
        """Go on with a freeze that the journal does not have yet."""
        (entry,) = order.entries
        self._remembering.write(entry)
        self.freeze = freeze_of(entry)
