"""Every call of the driver may fail: nothing is half there, and to try again is right."""

from __future__ import annotations

import asyncio
import sqlite3

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sqlalchemy import event
from sqlalchemy.engine import Engine

from shadowmon.errors import StoreError
from shadowmon.records import ExchangeId
from shadowmon.store import connection
from shadowmon.store.memory import MemoryStore
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Save, Saved, Store, UncertainError
from tests.factories import an_entry
from tests.integration.store.children import TRIAL, batch


@pytest.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))
    await store.open()
    yield store
    await store.close()


@contextmanager
def failing(nth: int, *, when: str) -> Iterator[list[str]]:
    """Make the n-th statement fail, before or after SQLite did it; gives all that were seen."""
    seen: list[str] = []

    def maybe_fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)
        if len(seen) == nth:
            msg = "disk I/O error"
            raise sqlite3.OperationalError(msg)

    event.listen(Engine, f"{when}_cursor_execute", maybe_fail)
    try:
        yield seen
    finally:
        event.remove(Engine, f"{when}_cursor_execute", maybe_fail)


async def what_it_should_hold(saves: list[Save]) -> tuple[Saved, list[str]]:
    """Return what a store that never fails holds after these commits."""
    memory = MemoryStore()
    await memory.open()
    for save in saves:
        await memory.commit(save)
    return await what_it_holds(memory)


async def what_it_holds(store: Store) -> tuple[Saved, list[str]]:
    """Return all that a store holds."""
    await store.verify()
    return await store.load(), [row.entry.sentence for row in await store.journal(limit=1000)]


async def problem_of(doing: Awaitable[None]) -> str:
    """Return what a StoreError said; nothing if there was none."""
    try:
        await doing
    except StoreError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_nth_statement_fails(store: SqlStore, when: str) -> None:
    """Whichever statement of a commit fails, a second try leaves what one good try had left."""
    saves = []
    nth = 0
    while True:
        nth += 1
        save = Save(
            entries=batch(nth).entries,
            snapshots=batch(nth).snapshots,
            accounts=batch(nth).accounts,
            awaiting=batch(nth).awaiting,
            settled=batch(nth).settled,
            labels={ExchangeId(f"x-{nth}"): "cat"},
        )
        saves.append(save)
        with failing(nth, when=when) as seen:
            problem = await problem_of(store.commit(save))
        if not problem:
            break
        assert "it cannot be written: disk I/O error" in problem
        await store.commit(save)
        assert await what_it_holds(store) == await what_it_should_hold(saves)
    assert await what_it_holds(store) == await what_it_should_hold(saves)
    assert len(seen) >= 8
    assert seen[-1] == "COMMIT"


async def test_retry_with_more(store: SqlStore) -> None:
    """A commit of unknown fate may be tried again together with what came since."""
    with failing(_position_of_commit(), when="after"), pytest.raises(StoreError):
        await store.commit(Save(entries=[an_entry("one"), an_entry("two")]))

    await store.commit(Save(entries=[an_entry("one"), an_entry("two"), an_entry("three")]))

    _, told = await what_it_holds(store)
    assert told == ["three", "two", "one"]


async def test_other_entries_after_a_doubt(store: SqlStore) -> None:
    """What looks like a second try but says something else is written as well."""
    with failing(_position_of_commit(), when="after"), pytest.raises(StoreError):
        await store.commit(Save(entries=[an_entry("one")]))

    await store.commit(Save(entries=[an_entry("another")]))
    await store.commit(Save(entries=[an_entry("another")]))

    _, told = await what_it_holds(store)
    assert told == ["another", "another", "one"]


def _position_of_commit() -> int:
    """BEGIN, the head, the entries, the new head, retired workers, COMMIT."""
    return 6


async def test_cancelled_anywhere(store: SqlStore) -> None:
    """A commit that is cancelled at any moment can be repeated, and is there once."""
    saves = []
    cancelled = 0
    for number in range(1, 40):
        saves.append(batch(number))
        try:
            async with asyncio.timeout(number * 0.0002):
                await store.commit(saves[-1])
        except TimeoutError:
            cancelled += 1
            await store.commit(saves[-1])
    assert cancelled > 10
    assert await what_it_holds(store) == await what_it_should_hold(saves)


async def test_commits_at_once(store: SqlStore) -> None:
    """Commits, reads and walks at the same time take turns."""
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(store.commit(Save(entries=[an_entry(str(number))])))
            group.create_task(store.verify())
            group.create_task(store.journal())
    assert await store.verify() == 10


async def test_foreign_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes to the file a commit is refused, and it goes on afterwards."""
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.05)
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))
    await store.open()
    other = sqlite3.connect(tmp_path / "it.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=r"database is locked \(another program"):
        await store.commit(batch(1))
    other.execute("ROLLBACK")
    other.close()

    await store.commit(batch(1))

    assert (await store.load()).snapshots == {TRIAL: batch(1).snapshots[TRIAL]}
    await store.close()


async def test_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is answered in time, the next ones at once; what was begun is there once."""
    monkeypatch.setattr(connection, "HANGS_SECONDS", 0.3)
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 60.0)
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))
    await store.open()
    other = sqlite3.connect(tmp_path / "it.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")  # the driver's thread sits in SQLite until this one ends

    one, two = an_entry("one"), an_entry("two")
    async with asyncio.TaskGroup() as tasks:
        begun = tasks.create_task(problem_of(store.commit(Save(entries=[one]))))
        behind = tasks.create_task(problem_of(store.commit(Save(entries=[two]))))
    with pytest.raises(StoreError, match=r"the disk has not answered for 0\.3 s"):
        await store.journal()
    assert "it cannot be written: the disk has not answered" in begun.result()
    assert "it cannot be written: the disk has not answered" in behind.result()

    other.execute("ROLLBACK")
    other.close()
    await store.verify()  # it waits for its turn however long that takes
    await store.commit(Save(entries=[one, an_entry("three")]))

    _, told = await what_it_holds(store)
    assert told == ["three", "one"]
    await store.close()


async def test_what_a_hanging_disk_may_have_taken_is_uncertain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun may be there, now or later; what only waited for its turn never will."""
    monkeypatch.setattr(connection, "HANGS_SECONDS", 0.3)
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 60.0)
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))
    await store.open()
    with sqlite3.connect(tmp_path / "it.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with asyncio.TaskGroup() as tasks:
            doing = [tasks.create_task(kind_of(store.commit(batch(nth)))) for nth in (1, 2)]
        other.execute("ROLLBACK")
    other.close()
    await store.close()

    assert [each.result() for each in doing] == [UncertainError, StoreError]


async def kind_of(doing: Awaitable[None]) -> type[StoreError] | None:
    """Return the kind of StoreError that there was."""
    try:
        await doing
    except StoreError as error:
        return type(error)
    return None
