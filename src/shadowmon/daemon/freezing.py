"""
The freeze that holds now: taken from the journal, and told to every trial before it is judged.

Rule: to freeze needs nobody, as to go down: while the store is down it is in force at once, and
journalled later (a daemon that is killed before that has forgotten it). To end a freeze needs a
commit.
"""

from __future__ import annotations

from shadowmon.daemon.remembering import Remembering
from shadowmon.errors import RefusedError, StoreError
from shadowmon.records import Entry
from shadowmon.rollout.freeze import EVERY_TRIAL, Freeze, Hold, freeze_of
from shadowmon.store.store import Store


class Freezing:
    """Whether everything is frozen; whoever holds the control loop's lock uses it."""

    def __init__(self, remembering: Remembering, store: Store) -> None:
        self.freeze: Freeze | None = None
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
            StoreError: If the end of a freeze cannot be journalled.

        """
        if hold is Hold.FREEZE and self.freeze is not None:
            msg = f"{self.freeze.sentence}, since {self.freeze.since.isoformat()} already"
            raise RefusedError(msg)
        if hold is Hold.UNFREEZE and self.freeze is None:
            msg = "nothing is frozen"
            raise RefusedError(msg)
        self._remembering.write(entry)
        await self._remembering.commit()
        if self._remembering.problem and hold is Hold.UNFREEZE:
            self._remembering.take_back(entry)
            msg = f"not done, for it could not be journalled: {self._remembering.problem}"
            raise StoreError(msg)
        self.freeze = freeze_of(entry)
        return self.freeze
