"""
Store over SQLAlchemy Core, on SQLite.

Rule 1: exactly one connection, used by one task at a time. Reads go through it as well, in short
        pieces, so that no reader ever keeps a commit waiting, or meets one half-way.
Rule 2: a commit is one BEGIN IMMEDIATE … COMMIT with synchronous=FULL: what was acknowledged
        survives kill -9 and a power cut.
Rule 3: whatever goes wrong, the connection is thrown away. The next call starts from what the
        disk has, never from what we believe.
Rule 4: no exception but StoreError leaves this room; foreign ones are translated in `_foreign`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeAlias, TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shadowmon.errors import StoreError
from shadowmon.records import DeadLetter, TrialId
from shadowmon.store import lock, reading, rows, statements
from shadowmon.store.canonical import clean
from shadowmon.store.chain import GENESIS, Head, already_in, cleaned, follow
from shadowmon.store.migrate import migrate
from shadowmon.store.settings import StoreSettings
from shadowmon.store.store import Row, Save, Saved


_T = TypeVar("_T")
_Work: TypeAlias = Callable[[AsyncConnection], Awaitable[_T]]

CHECKED_AT_START = 1000
"""Journal entries, the newest ones, that `open` goes through."""

_BATCH = 1000
_UNREADABLE = "the journal cannot be read"
_UNWRITABLE = "it cannot be written"
_MENDED = {(3, 51): 3, (3, 50): 7, (3, 44): 6}
"""SQLite's series -> its first patch without the WAL-reset bug."""
_BUSY_SECONDS = 2.0
"""How long a person's own look into the file may keep a commit waiting."""


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """
    Say whether SQLite of this version may be used with a write-ahead log.

    Versions 3.7.0 to 3.51.2 can lose a commit when a checkpoint meets another one (the WAL-reset
    bug, mended in 3.51.3 and, for their series, in 3.50.7 and 3.44.6).
    """
    major, minor, patch = version
    series = (major, minor)
    return series > (3, 51) or (series in _MENDED and patch >= _MENDED[series])


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
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()
        self._doubt: Head | None = None
        """Where the journal ended when a commit began whose end nobody was told."""

    # --- the Protocol ---

    async def open(self) -> None:
        """See `Store.open`."""
        if self._engine is not None:
            msg = f"{self._path}: is open already"
            raise StoreError(msg)
        lock.refuse_network(self._path.absolute().parent)
        if self._lock_fd is None:
            self._own_lock = lock.hold(self._path)
        else:
            lock.confirm(self._lock_fd)
        self._engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # every transaction below begins and ends in plain sight
            hide_parameters=True,
            connect_args={"timeout": _BUSY_SECONDS},
        )
        try:
            await self._ask("it cannot be opened", migrate)
            await self._check_newest()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        async with self._turn:
            await self._drop()
            if self._engine is not None:
                await self._engine.dispose()
                self._engine = None
            if self._own_lock is not None:
                os.close(self._own_lock)
                self._own_lock = None

    async def load(self) -> Saved:
        """See `Store.load`."""
        return await self._transaction("it cannot be read", statements.everything)

    async def commit(self, save: Save) -> None:
        """
        See `Store.commit`.

        To give the same entries again after a failure or a cancellation is right: those that had
        been remembered after all are not remembered twice.
        """
        with self._foreign(_UNWRITABLE):
            entries = [cleaned(entry) for entry in save.entries]
            writes = statements.Writes.of(save)

        async def write(connection: AsyncConnection) -> None:
            head = await statements.head(connection)
            known = already_in(head, doubt=self._doubt, entries=entries)
            self._doubt = self._doubt or head
            await statements.append(connection, head, entries[known:])
            await writes.perform(connection)

        await self._transaction(_UNWRITABLE, write)
        self._doubt = None

    async def journal(
        self, *, trial_id: TrialId | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Row]:
        """See `Store.journal`."""
        query = reading.newest_first(trial_id, before, limit)

        async def read(connection: AsyncConnection) -> Sequence[Row]:
            return await statements.links(connection, query)

        return await self._transaction(_UNREADABLE, read)

    async def following(self, number: int, *, limit: int = 100) -> Sequence[Row]:
        """See `Store.following`."""

        async def read(connection: AsyncConnection) -> Sequence[Row]:
            return await statements.links_after(connection, number, limit)

        return await self._transaction(_UNREADABLE, read)

    async def newest(self) -> int:
        """See `Store.newest`."""
        return (await self._transaction(_UNREADABLE, statements.head)).number

    async def place(self, reader: str) -> int | None:
        """See `Store.place`."""

        async def read(connection: AsyncConnection) -> int | None:
            return await reading.place(connection, reader)

        return await self._transaction(_UNREADABLE, read)

    async def move(
        self, reader: str, number: int, *, dead: DeadLetter | None = None, dead_max: int = 1_000
    ) -> None:
        """See `Store.move`."""
        with self._foreign(_UNWRITABLE):
            letter = None if dead is None else rows.of_dead_letter(dead)

        async def write(connection: AsyncConnection) -> None:
            if letter is not None:
                await reading.bury(connection, letter, kept=dead_max)
            await reading.move(connection, reader, number)

        await self._transaction(_UNWRITABLE, write)

    async def dead_letters(self, *, limit: int = 100) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`."""

        async def read(connection: AsyncConnection) -> Sequence[DeadLetter]:
            return await reading.buried(connection, limit)

        return await self._transaction(_UNREADABLE, read)

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

        await self._transaction("accounts cannot be folded", fold)

    # --- the chain ---

    async def _check_newest(self) -> None:
        async def start(connection: AsyncConnection) -> Head:
            last = (await statements.head(connection)).number
            return await statements.head_before(connection, last - CHECKED_AT_START + 1)

        await self._walk(await self._transaction(_UNREADABLE, start))

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
            head = await self._transaction(_UNREADABLE, further)
        return head

    # --- the connection ---

    async def _transaction(self, failure: str, work: _Work[_T]) -> _T:
        """Do `work` whole or not at all."""

        async def whole(connection: AsyncConnection) -> _T:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            done = await work(connection)
            await connection.exec_driver_sql("COMMIT")
            return done

        return await self._ask(failure, whole)

    async def _ask(self, failure: str, work: _Work[_T]) -> _T:
        # Shielded: a driver that is interrupted half-way keeps its locks. Whoever is cancelled
        # leaves at once; the work comes to its end, and only then is it the next one's turn.
        return await asyncio.shield(self._take_turn(failure, work))

    async def _take_turn(self, failure: str, work: _Work[_T]) -> _T:
        async with self._turn:
            with self._foreign(failure):
                try:
                    return await work(await self._connected())
                except BaseException:
                    await self._drop()
                    raise

    async def _connected(self) -> AsyncConnection:
        if self._engine is None:
            msg = "the store is not open"
            raise StoreError(msg)
        if self._connection is None:
            self._connection = await self._engine.connect()
            journal_mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "TRUNCATE"
            for pragma in (
                f"journal_mode = {journal_mode}",
                "synchronous = FULL",
                "mmap_size = 0",
                "cell_size_check = ON",
                "trusted_schema = OFF",
            ):
                await self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        return self._connection

    async def _drop(self) -> None:
        """Throw the connection away; SQLite takes back what it had not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error, ValueError):
                await connection.close()

    @contextmanager
    def _foreign(self, failure: str) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if str(error).startswith(f"{self._path}: "):
                raise
            msg = f"{self._path}: {error}"
            raise StoreError(msg) from error
        except (SQLAlchemyError, sqlite3.Error, OSError, OverflowError, ValueError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            msg = f"{self._path}: {failure}: {cause}{_advice(str(cause))}"
            raise StoreError(msg) from error


def _check_end(head: Head, *, noted: Head) -> None:
    """Notice that the newest entries are gone, which no link can tell."""
    if noted != head:
        msg = (
            f"the journal ends with entry {head.number}, but entry {noted.number} was the"
            " newest one written; keep this file, and go back to a backup of it"
        )
        raise StoreError(msg)


def _advice(problem: str) -> str:
    for words, advice in (
        ("is full", "free some space; nothing is lost, and it goes on by itself"),
        ("is locked", "another program has the file open and is writing"),
        ("readonly", "the file and its folder must be writable"),
        ("unable to open", "the folder must exist and be writable"),
        ("malformed", "keep this file, and go back to a backup of it"),
        ("not a database", "name another file in store.path"),
    ):
        if words in problem:
            return f" ({advice})"
    return ""
