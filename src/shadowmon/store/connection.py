"""
The one connection to the SQLite file, used by one task at a time.

Rule 1: reads go through it as well, in short pieces, so that no reader ever keeps a commit waiting,
        or meets one half-way.
Rule 2: whatever goes wrong, it is thrown away. The next call starts from what the disk has, never
        from what we believe.
Rule 3: no exception but StoreError leaves; foreign ones are translated in `foreign`.
Rule 4: a disk that hangs is one that fails: whoever asks is answered within `HANGS_SECONDS`, and at
        once for as long as it goes on hanging. What was under way comes to its end, whenever.
"""

from __future__ import annotations

import asyncio
import sqlite3

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shadowmon.errors import StoreError
from shadowmon.store.store import UncertainError


_T = TypeVar("_T")
Work: TypeAlias = Callable[[AsyncConnection], Awaitable[_T]]

HANGS_SECONDS = 10.0
"""How long a disk may take to answer: long enough for a slow one to write all that it ever must."""
_BUSY_SECONDS = 2.0
"""How long a person's own look into the file may keep a commit waiting."""
_MENDED = {(3, 51): 3, (3, 50): 7, (3, 44): 6}
"""SQLite's series -> its first patch without the WAL-reset bug."""


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """
    Say whether SQLite of this version may be used with a write-ahead log.

    Versions 3.7.0 to 3.51.2 can lose a commit when a checkpoint meets another one (the WAL-reset
    bug, mended in 3.51.3 and, for their series, in 3.50.7 and 3.44.6).
    """
    major, minor, patch = version
    series = (major, minor)
    return series > (3, 51) or (series in _MENDED and patch >= _MENDED[series])


@dataclass(slots=True)
class _Turn:
    """One piece of work that waits until the connection is free."""

    has_come: bool = False
    is_given_up: bool = False
    """Before it came: it is not done then."""


class Connection:
    """The way into a database file; opened when it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        self._free = asyncio.Lock()
        self._hanging: set[asyncio.Future[Any]] = set()
        """Work that whoever asked for it waits for no longer."""

    @property
    def is_open(self) -> bool:
        """May it be used?"""
        return self._engine is not None

    def open(self) -> None:
        """Make ready; nothing is touched yet."""
        self._engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # every transaction below begins and ends in plain sight
            hide_parameters=True,
            connect_args={"timeout": _BUSY_SECONDS},
        )

    async def close(self) -> None:
        """Let go, once what is under way has come to its end; twice is harmless."""
        async with self._free:
            await self._drop()
            if self._engine is not None:
                await self._engine.dispose()
                self._engine = None

    async def transaction(self, failure: str, work: Work[_T], *, may_take_long: bool = False) -> _T:
        """
        Do `work` whole or not at all.

        Args:
            failure: What could not be done, for the error.
            work: What to do between BEGIN and COMMIT.
            may_take_long: Is it waited for however long it takes, as before a start?

        Raises:
            UncertainError: If it was begun, and did not end in time.
            StoreError: If it was not done.

        """

        async def whole(connection: AsyncConnection) -> _T:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            done = await work(connection)
            await connection.exec_driver_sql("COMMIT")
            return done

        return await self.ask(failure, whole, may_take_long=may_take_long)

    async def ask(self, failure: str, work: Work[_T], *, may_take_long: bool = False) -> _T:
        """Do `work` with the connection; arguments and errors are those of `transaction`."""
        if self._hanging and not may_take_long:
            raise StoreError(self._hangs(failure))
        turn = _Turn()
        # Shielded: a driver that is interrupted half-way keeps its locks. Whoever is cancelled, or
        # waits too long, leaves; the work comes to its end, and only then is it another one's turn.
        doing = asyncio.ensure_future(  # noqa: TID251 - it outlives us; `shield` takes its failure
            self._take_turn(turn, failure, work)
        )
        try:
            async with asyncio.timeout(None if may_take_long else HANGS_SECONDS):
                return await asyncio.shield(doing)
        except TimeoutError:
            self._hanging.add(doing)
            doing.add_done_callback(self._hanging.discard)
            if turn.has_come:
                raise UncertainError(self._hangs(failure)) from None
            turn.is_given_up = True
            raise StoreError(self._hangs(failure)) from None

    def _hangs(self, failure: str) -> str:
        return f"{self._path}: {failure}: the disk has not answered for {HANGS_SECONDS:g} s"

    async def _take_turn(self, turn: _Turn, failure: str, work: Work[_T]) -> _T:
        async with self._free:
            if turn.is_given_up:
                raise StoreError(self._hangs(failure))
            turn.has_come = True
            with self.foreign(failure):
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
    def foreign(self, failure: str) -> Iterator[None]:
        """Translate whatever is raised in the block."""
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
