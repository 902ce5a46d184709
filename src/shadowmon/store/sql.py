"""
Store over SQLAlchemy Core, on SQLite.

Rule 1: exactly one connection, used by one task at a time (connection.py).
Rule 2: a commit is one BEGIN IMMEDIATE … COMMIT with synchronous=FULL: what was acknowledged
        survives kill -9 and a power cut.
Rule 3: no exception but StoreError leaves this room.
"""

from __future__ import annotations

import os

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from shadowmon.errors import StoreError
from shadowmon.records import DeadLetter, TrialId
from shadowmon.store import lock, reading, rows, statements
from shadowmon.store.canonical import clean
from shadowmon.store.chain import GENESIS, Head, already_in, cleaned, follow
from shadowmon.store.connection import Connection
from shadowmon.store.migrate import migrate
from shadowmon.store.settings import StoreSettings
from shadowmon.store.store import Row, Save, Saved


CHECKED_AT_START = 1000
"""Journal entries, the newest ones, that `open` goes through."""

_BATCH = 1000
_UNREADABLE = "the journal cannot be read"
_UNWRITABLE = "it cannot be written"


class SqlStore:
    """See `store.Store`."""

    def __init__(self, settings: StoreSettings, *, lock_fd: int | None = None) -> None:
        """
        Remember where; nothing is touched before `open`.

        Args:
            settings: Where the file is.
            lock_fd: The descriptor of the file's lock, if our parent holds it for us; None takes
                the lock at `open` and lets go of it at `close`.
        """
        self._path = settings.path
        self._lock_fd = lock_fd
        self._own_lock: int | None = None
        self._connection = Connection(settings.path)
        self._doubt: Head | None = None
        """Where the journal ended when a commit began whose end nobody was told."""

    # --- the Protocol ---

    async def open(self) -> None:
        """See `Store.open`."""
        if self._connection.is_open:
            msg = f"{self._path}: is open already"
            raise StoreError(msg)
        lock.refuse_network(self._path.absolute().parent)
        if self._lock_fd is None:
            self._own_lock = lock.hold(self._path)
        else:
            lock.confirm(self._lock_fd)
        self._connection.open()
        try:
            await self._connection.ask("it cannot be opened", migrate, may_take_long=True)
            await self._check_newest()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        await self._connection.close()
        if self._own_lock is not None:
            os.close(self._own_lock)
            self._own_lock = None

    async def load(self) -> Saved:
        """See `Store.load`."""
        return await self._connection.transaction(
            "it cannot be read", statements.everything, may_take_long=True
        )

    async def commit(self, save: Save) -> None:
        """
        See `Store.commit`.

        To give the same entries again after a failure or a cancellation is right: those that had
        been remembered after all are not remembered twice.
        """
        with self._connection.foreign(_UNWRITABLE):
            entries = [cleaned(entry) for entry in save.entries]
            writes = statements.Writes.of(save)

        async def write(connection: AsyncConnection) -> None:
            head = await statements.head(connection)
            known = already_in(head, doubt=self._doubt, entries=entries)
            self._doubt = self._doubt or head
            await statements.append(connection, head, entries[known:])
            await writes.perform(connection)

        await self._connection.transaction(_UNWRITABLE, write)
        self._doubt = None

    async def journal(
        self, *, trial_id: TrialId | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Row]:
        """See `Store.journal`."""
        query = reading.newest_first(trial_id, before, limit)

        async def read(connection: AsyncConnection) -> Sequence[Row]:
            return await statements.links(connection, query)

        return await self._connection.transaction(_UNREADABLE, read)

    async def following(self, number: int, *, limit: int = 100) -> Sequence[Row]:
        """See `Store.following`."""

        async def read(connection: AsyncConnection) -> Sequence[Row]:
            return await statements.links_after(connection, number, limit)

        return await self._connection.transaction(_UNREADABLE, read)

    async def newest(self) -> int:
        """See `Store.newest`."""
        return (await self._connection.transaction(_UNREADABLE, statements.head)).number

    async def place(self, reader: str) -> int | None:
        """See `Store.place`."""

        async def read(connection: AsyncConnection) -> int | None:
            return await reading.place(connection, reader)

        return await self._connection.transaction(_UNREADABLE, read)

    async def move(
        self, reader: str, number: int, *, dead: DeadLetter | None = None, dead_max: int = 1_000
    ) -> None:
        """See `Store.move`."""
        with self._connection.foreign(_UNWRITABLE):
            letter = None if dead is None else rows.of_dead_letter(dead)

        async def write(connection: AsyncConnection) -> None:
            if letter is not None:
                await reading.bury(connection, letter, kept=dead_max)
            await reading.move(connection, reader, number)

        await self._connection.transaction(_UNWRITABLE, write)

    async def dead_letters(self, *, limit: int = 100) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`."""

        async def read(connection: AsyncConnection) -> Sequence[DeadLetter]:
            return await reading.buried(connection, limit)

        return await self._connection.transaction(_UNREADABLE, read)

    async def verify(self) -> int:
        """See `Store.verify`. Commits may go on meanwhile."""
        return (await self._walk(GENESIS)).number

    async def retire(self, workers: Collection[str]) -> None:
        """
        Fold the accounts of workers that are gone into one incarnation, `accounts.RETIRED`.

        All of them or none, and each once, however often it is asked. `load` tells the sums.

        Args:
            workers: Incarnations that will never report again; what one of them tells later is
                not remembered.

        Raises:
            StoreError: If it was not done.

        """
        gone = [clean(worker) for worker in workers]

        async def fold(connection: AsyncConnection) -> None:
            for worker in gone:
                await statements.fold(connection, worker)
            await statements.forget_retired(connection)

        await self._connection.transaction("accounts cannot be folded", fold, may_take_long=True)

    # --- the chain ---

    async def _check_newest(self) -> None:
        async def start(connection: AsyncConnection) -> Head:
            last = (await statements.head(connection)).number
            return await statements.head_before(connection, last - CHECKED_AT_START + 1)

        head = await self._connection.transaction(_UNREADABLE, start, may_take_long=True)
        await self._walk(head)

    async def _walk(self, head: Head) -> Head:
        """Follow the chain from `head` to its end, in short transactions."""
        at_end = False

        async def further(connection: AsyncConnection) -> Head:
            nonlocal at_end
            reached = head
            found = await statements.links_after(connection, head.number, _BATCH)
            for row in found:
                reached = follow(reached, row)
            at_end = len(found) < _BATCH
            if at_end:
                _check_end(reached, noted=await statements.noted_head(connection))
            return reached

        while not at_end:
            head = await self._connection.transaction(_UNREADABLE, further, may_take_long=True)
        return head


def _check_end(head: Head, *, noted: Head) -> None:
    """Notice that the newest entries are gone, which no link can tell."""
    if noted != head:
        msg = (
            f"the journal ends with entry {head.number}, but entry {noted.number} was the"
            " newest one written; keep this file, and go back to a backup of it"
        )
        raise StoreError(msg)
