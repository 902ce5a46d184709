"""
Outbox protocol: what a store remembers for the notifier.

There is no queue beside the journal: each receiver has a place in it, and what lies behind that
place is what it has yet to be told. An outage of any length is a place that does not move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shadowmon.notify.news import Written
from shadowmon.records import DeadLetter


class Outbox(Protocol):
    """The store, as seen by whoever tells others."""

    async def following(self, number: int, *, limit: int = 100) -> Sequence[Written]:
        """
        Return the journal's next entries after a number, the oldest first.

        Raises:
            StoreError: If they cannot be read.

        """
        ...

    async def newest(self) -> int:
        """
        Return the number of the journal's newest entry; 0 if it is empty.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def place(self, reader: str) -> int | None:
        """
        Return the last entry that a reader is done with; None if it was never seen.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def move(
        self, reader: str, number: int, *, dead: DeadLetter | None = None, dead_max: int = 1_000
    ) -> None:
        """
        Remember how far a reader is, and what it could not be told: both or none.

        Args:
            reader: Who.
            number: The last entry that it is done with.
            dead: What it could not be told.
            dead_max: How many of these are kept of one reader, the newest ones.

        Raises:
            StoreError: If it was not remembered.

        """
        ...

    async def dead_letters(self, *, limit: int = 100) -> Sequence[DeadLetter]:
        """
        Return what could not be told, the newest first.

        Raises:
            StoreError: If it cannot be read.

        """
        ...
