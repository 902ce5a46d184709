"""Which files are opened, which are refused, and in words that say what to do."""

from __future__ import annotations

import os
import sqlite3

from contextlib import closing
from pathlib import Path

import pytest

from shadowmon.errors import StoreError
from shadowmon.store import lock
from shadowmon.store.connection import wal_is_safe
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import CHECKED_AT_START, SqlStore
from shadowmon.store.store import Save
from tests.factories import an_entry


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "it.db"


async def written(path: Path, entries: int) -> None:
    """Make a store with a journal of so many entries."""
    store = SqlStore(StoreSettings(path=path))
    await store.open()
    await store.commit(Save(entries=[an_entry(f"{number}") for number in range(1, entries + 1)]))
    await store.close()


def tamper(path: Path, *statements: str) -> None:
    """Change the file as one would who has the right to write it."""
    with closing(sqlite3.connect(path)) as database:
        for trigger in ("journal_is_not_changed", "journal_is_not_deleted"):
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            database.execute(statement)
        database.commit()


async def refusal(path: Path) -> str:
    """Return why the file is not opened; it can be opened by nobody meanwhile."""
    store = SqlStore(StoreSettings(path=path))
    with pytest.raises(StoreError) as caught:
        await store.open()
    await store.close()
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE journal SET sentence = 'It climbs.' WHERE number = 3", "entry 3 is not what was"),
        ("UPDATE journal SET data = '{\"a\":1}' WHERE number = 3", "entry 3 is not what was"),
        ("UPDATE journal SET data = '{' WHERE number = 3", "entry 3 cannot be read"),
        ("UPDATE journal SET kind = 'x' WHERE number = 3", "entry 3 cannot be read"),
        ("UPDATE journal SET hash = 'x' WHERE number = 3", "entry 3 is not what was"),
        ("UPDATE journal SET previous_hash = 'x' WHERE number = 3", "entry 3 does not follow"),
        ("DELETE FROM journal WHERE number = 3", "entry 4 follows entry 2: entries between"),
        ("DELETE FROM journal WHERE number = 1", "entry 2 follows entry 0: entries between"),
        ("DELETE FROM journal WHERE number > 3", "ends with entry 3, but entry 5 was the newest"),
        ("DELETE FROM journal", "ends with entry 0, but entry 5 was the newest"),
        ("UPDATE journal SET number = 9 WHERE number = 5", "entry 9 follows entry 4"),
    ],
)
async def test_tampered_journal_is_refused(path: Path, change: str, problem: str) -> None:
    """A journal of which an entry was changed or removed is not opened; the entry is named."""
    await written(path, entries=5)

    tamper(path, change)

    told = await refusal(path)
    assert problem in told
    assert str(path) in told


async def test_verify_walks_all_of_it(path: Path) -> None:
    """A change older than what a start looks at is found by verify."""
    await written(path, entries=CHECKED_AT_START + 50)
    tamper(path, "UPDATE journal SET sentence = 'x' WHERE number = 7")
    store = SqlStore(StoreSettings(path=path))
    await store.open()

    with pytest.raises(StoreError, match="journal entry 7 is not what was written"):
        await store.verify()

    await store.close()


@pytest.mark.parametrize("change", ["UPDATE journal SET sentence = 'x'", "DELETE FROM journal"])
async def test_journal_is_append_only(path: Path, change: str) -> None:
    """The file itself refuses to have its journal changed."""
    await written(path, entries=1)

    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        database.execute(change)


async def test_newer_schema_is_refused(path: Path) -> None:
    """A newer shadowmon's file is left alone."""
    await written(path, entries=1)
    tamper(path, "UPDATE meta SET value = '999' WHERE key = 'schema'")

    assert "it has schema 999, and this shadowmon knows" in await refusal(path)


async def test_foreign_database_is_refused(path: Path) -> None:
    """Another program's database is left alone."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE users (name TEXT)")

    assert "another program's database (tables: users)" in await refusal(path)


async def test_no_database_is_refused(path: Path) -> None:
    """A file that is no database is left alone."""
    path.write_text("Dear diary, " * 100)

    assert "file is not a database (name another file" in await refusal(path)
    assert path.read_text().startswith("Dear diary")


async def test_damaged_database_is_refused(path: Path) -> None:
    """A file whose pages were overwritten is refused in words, not with a traceback."""
    await written(path, entries=200)
    content = bytearray(path.read_bytes())
    content[4096:-4096] = b"\x55" * (len(content) - 8192)
    path.write_bytes(content)

    assert str(path) in await refusal(path)


async def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    told = await refusal(tmp_path / "nowhere" / "it.db")

    assert "nowhere" in told
    assert "the folder must exist and be writable (store.path)" in told


async def test_refused_file_is_let_go(path: Path) -> None:
    """A start that was refused holds no lock: the next one finds the file's own problem again."""
    path.write_text("Dear diary, " * 100)

    assert await refusal(path) == await refusal(path)


async def test_second_store_of_one_process(path: Path) -> None:
    """Two stores of one process do not share a file either."""
    store = SqlStore(StoreSettings(path=path))
    await store.open()

    assert "another shadowmon has it" in await refusal(path)

    await store.close()


async def test_lock_that_the_parent_holds(path: Path) -> None:
    """A store that is given its lock opens, and leaves the lock to whoever gave it."""
    fd = lock.hold(path)
    store = SqlStore(StoreSettings(path=path), lock_fd=fd)

    await store.open()
    await store.close()

    assert "another shadowmon has it" in await refusal(path)
    os.close(fd)
    assert await _numbers(path) == []


async def test_lock_that_is_not_held(path: Path) -> None:
    """A store that is given a lock which somebody else has is refused."""
    fd = lock.hold(path)
    with path.with_name("it.db.lock").open() as other:
        store = SqlStore(StoreSettings(path=path), lock_fd=other.fileno())
        with pytest.raises(StoreError, match="is not held"):
            await store.open()
    os.close(fd)


async def test_journal_mode_suits_the_version(path: Path) -> None:
    """A write-ahead log is used only where SQLite's is safe, even if the file had one before."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")

    await written(path, entries=1)

    with closing(sqlite3.connect(path)) as database:
        (mode,) = database.execute("PRAGMA journal_mode").fetchone()
    # TRUNCATE is no property of the file: another connection sees SQLite's own default.
    assert (mode == "wal") == wal_is_safe(sqlite3.sqlite_version_info)
    (numbers,) = [await _numbers(path)]
    assert numbers == [1]


async def _numbers(path: Path) -> list[int]:
    store = SqlStore(StoreSettings(path=path))
    await store.open()
    numbers = [row.number for row in await store.journal()]
    await store.close()
    return numbers
