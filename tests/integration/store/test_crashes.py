"""What was acknowledged is never lost, and nothing is ever half there."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import time

from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from tests.integration.store import children


class Nursery:
    """Starts children fast (from a process that has everything imported), and ends them all."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.integration.store.children"])
        self._running: list[Any] = []

    def start(self, target: Any, path: Path) -> tuple[Any, Connection]:
        """Return the process, and what it tells."""
        told, telling = self._context.Pipe(duplex=False)
        process = self._context.Process(target=target, args=(path, telling), daemon=True)
        process.start()
        telling.close()
        self._running.append(process)
        return process, told

    def end(self) -> None:
        """Kill whoever is left."""
        for process in self._running:
            process.kill()
            process.join(10)
            process.close()


@pytest.fixture(name="nursery")
def _nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.end()


def everything_told(told: Connection) -> list[Any]:
    """Return all that was told before the end."""
    found = []
    try:
        while True:
            found.append(told.recv())
    except EOFError:
        return found


async def assert_whole(path: Path, acknowledged: int) -> None:
    """The last batch is whole, no acknowledged one is lost, and the chain hangs together."""
    store = SqlStore(StoreSettings(path=path))
    await store.open()
    saved = await store.load()
    number, rest = divmod(saved.last_number, children.ENTRIES)
    assert rest == 0
    assert number >= acknowledged
    expected = children.batch(number)
    assert saved.accounts == expected.accounts
    assert saved.snapshots == expected.snapshots
    assert list(saved.awaiting) == expected.awaiting
    assert await store.verify() == saved.last_number
    await store.close()


async def kill_again_and_again(nursery: Nursery, path: Path, kills: int) -> None:
    """Kill -9 a child that commits, at random moments, and look after each."""
    dice = random.Random(7)
    acknowledged = 0
    for _ in range(kills):
        process, told = nursery.start(children.commit_forever, path)
        assert told.poll(20)
        time.sleep(dice.uniform(0, 0.06))
        process.kill()
        process.join(10)
        acknowledged = everything_told(told)[-1]
        await assert_whole(path, acknowledged)
    assert acknowledged > kills


async def test_kill_9(nursery: Nursery, tmp_path: Path) -> None:
    """Of 25 kills -9 none loses an acknowledged commit or leaves half of one."""
    await kill_again_and_again(nursery, tmp_path / "it.db", kills=25)


@pytest.mark.slow
async def test_kill_9_often(nursery: Nursery, tmp_path: Path) -> None:
    """Of 200 kills -9 none loses an acknowledged commit or leaves half of one."""
    await kill_again_and_again(nursery, tmp_path / "it.db", kills=200)


@pytest.mark.parametrize("done", range(4))
def test_kill_9_while_migrating(nursery: Nursery, tmp_path: Path, done: int) -> None:
    """A migration that is killed leaves the old schema or the new one."""
    path = tmp_path / "it.db"
    process, told = nursery.start(children.migrate_long, path)
    while told.recv() < done:
        pass
    time.sleep(0.01 * done)

    process.kill()
    process.join(10)

    with closing(sqlite3.connect(path)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        version = "0"
        if "meta" in tables:
            ((version,),) = database.execute("SELECT value FROM meta WHERE key = 'schema'")
        made = {name for name in tables if name.startswith("t")}
        assert made == {f"t{number}" for number in range(1, int(version) + 1)}
        for name in made:
            assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (2000,)
    assert done <= int(version) < 5


def test_no_room(nursery: Nursery, tmp_path: Path) -> None:
    """When no file may grow a commit is refused whole; with room again it goes on by itself."""
    process, told = nursery.start(children.run_out_of_room, tmp_path / "it.db")

    (problem, failed, found), (verified, after) = everything_told(told)

    process.join(10)
    assert process.exitcode == 0
    assert "it cannot be written" in problem
    assert found == failed - 1
    assert (verified, after) == (failed * children.ENTRIES, failed)


async def test_second_daemon(nursery: Nursery, tmp_path: Path) -> None:
    """A second daemon on the same file is refused at once, and told who has it."""
    process, told = nursery.start(children.hold, tmp_path / "it.db")
    assert told.recv() == "open"
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))

    began = time.monotonic()
    with pytest.raises(Exception, match=f"another shadowmon has it .process {process.pid}."):
        await store.open()
    assert time.monotonic() - began < 1

    process.kill()
    process.join(10)
    await store.open()
    await store.close()
