"""What runs in processes that the tests of the store start, and kill."""

from __future__ import annotations

import asyncio
import resource

from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from shadowmon.errors import StoreError
from shadowmon.records import EVERYTHING, Awaiting, Cell, ExchangeId, MetricName, TrialId
from shadowmon.store.migrate import migrate
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Save
from tests.factories import NOON, an_entry


CELLS = 40
ENTRIES = 3
TRIAL = TrialId("int8")


def batch(number: int, ballast: int = 0) -> Save:
    """Return the n-th commit of a test: every part of it says n."""
    cells = (
        Cell(trial_id=TRIAL, epoch=1, stage=at, metric=MetricName("correct"), slice=EVERYTHING)
        for at in range(CELLS)
    )
    return Save(
        entries=[an_entry(f"{number}.{at}", data={"n": number}) for at in range(ENTRIES)],
        snapshots={TRIAL: {"n": number, "ballast": "x" * ballast}},
        accounts={("w-1", cell): (number, 0, 7) for cell in cells},
        awaiting=[_waiting(number)],
        settled=[(TRIAL, _waiting(number - 1).exchange_id)],
    )


def _waiting(number: int) -> Awaiting:
    return Awaiting(
        trial_id=TRIAL,
        epoch=1,
        exchange_id=ExchangeId(f"x-{number}"),
        baseline="cat",
        optimized="dog",
        slices=frozenset({EVERYTHING}),
        received_at=NOON,
    )


def commit_forever(path: Path, told: Connection) -> None:
    """Commit one batch after the other, and tell each number once it was acknowledged."""

    async def run() -> None:
        store = SqlStore(StoreSettings(path=path))
        await store.open()
        number = (await store.load()).last_number // ENTRIES
        while True:
            number += 1
            await store.commit(batch(number))
            told.send(number)

    asyncio.run(run())


def hold(path: Path, told: Connection) -> None:
    """Open the store, tell, and hold it until killed."""

    async def run() -> None:
        store = SqlStore(StoreSettings(path=path))
        await store.open()
        told.send("open")
        await asyncio.Event().wait()

    asyncio.run(run())


def migrate_long(path: Path, told: Connection) -> None:
    """Go through five long migrations, and tell how many are done as each of them begins."""

    async def run() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}", isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for done in range(len(long_migrations())):
                told.send(done)
                await migrate(connection, long_migrations()[: done + 1])

    asyncio.run(run())


def long_migrations() -> list[list[str]]:
    """Return migrations of which the n-th makes table t<n> with 2,000 rows."""
    return [
        [
            *(["CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)"] if number == 1 else []),
            f"CREATE TABLE t{number} (a TEXT)",
            *[f"INSERT INTO t{number} VALUES (hex(randomblob(50)))"] * 2000,
        ]
        for number in range(1, 6)
    ]


def run_out_of_room(path: Path, told: Connection) -> None:
    """Commit until no file may grow any further, then with room again; tell how each went."""

    async def run() -> None:
        store = SqlStore(StoreSettings(path=path))
        await store.open()
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 300_000, hard))
        number = 0
        problem = ""
        while not problem:
            number += 1
            try:
                await store.commit(batch(number, ballast=number * 20_000))
            except StoreError as error:
                problem = str(error)
        told.send((problem, number, (await store.load()).snapshots[TRIAL]["n"]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await store.commit(batch(number))
        told.send((await store.verify(), (await store.load()).snapshots[TRIAL]["n"]))
        await store.close()

    asyncio.run(run())
