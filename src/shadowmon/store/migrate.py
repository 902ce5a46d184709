"""
From whatever schema the file has to ours: numbered, forward only, each step whole or not at all.

Rule 1: a migration that was released is never changed; the next one mends it.
Rule 2: each runs in one transaction together with its own number, so that whoever kills us leaves
        the old schema or the new one (SQLite's CREATE and ALTER take part in transactions).
Rule 3: a file of a newer shadowmon is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import structlog

from sqlalchemy.ext.asyncio import AsyncConnection

from shadowmon.errors import StoreError


Migration: TypeAlias = Sequence[str]
"""SQL statements. A migration's number is its place in the list, from 1."""

_log = structlog.get_logger("shadowmon.store")

_FIRST: Migration = (
    "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE journal (
        number INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, trial_id TEXT NOT NULL,
        kind TEXT NOT NULL, sentence TEXT NOT NULL, data TEXT NOT NULL,
        previous_hash TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE INDEX journal_by_trial ON journal (trial_id, number)",
    """CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    "CREATE TABLE snapshots (trial_id TEXT NOT NULL PRIMARY KEY, snapshot TEXT NOT NULL)",
    """CREATE TABLE accounts (
        worker TEXT NOT NULL, trial_id TEXT NOT NULL, epoch INTEGER NOT NULL,
        stage INTEGER NOT NULL, metric TEXT NOT NULL, slice TEXT NOT NULL, rate INTEGER NOT NULL,
        counts BLOB NOT NULL,
        PRIMARY KEY (worker, trial_id, epoch, stage, metric, slice, rate)) WITHOUT ROWID""",
    "CREATE TABLE retired (number INTEGER NOT NULL PRIMARY KEY, worker TEXT NOT NULL UNIQUE)",
    """CREATE TABLE awaiting (
        trial_id TEXT NOT NULL, exchange_id TEXT NOT NULL, epoch INTEGER NOT NULL, baseline TEXT,
        optimized TEXT, slices TEXT NOT NULL, received_at TEXT NOT NULL, rate INTEGER NOT NULL,
        cluster TEXT NOT NULL,
        PRIMARY KEY (trial_id, exchange_id)) WITHOUT ROWID""",
    "CREATE INDEX awaiting_by_exchange ON awaiting (exchange_id)",
    "CREATE TABLE labels (exchange_id TEXT NOT NULL PRIMARY KEY, label TEXT NOT NULL)",
)

_NOTIFIED: Migration = (
    "CREATE TABLE places (reader TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL)",
    """CREATE TABLE dead_letters (
        reader TEXT NOT NULL, number INTEGER NOT NULL, message_id TEXT NOT NULL,
        topic TEXT NOT NULL, sentence TEXT NOT NULL, problem TEXT NOT NULL,
        tries INTEGER NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (reader, number)) WITHOUT ROWID""",
)

_REVIEWED: Migration = (
    """CREATE TABLE preferences (
        number INTEGER NOT NULL PRIMARY KEY, trial_id TEXT NOT NULL, epoch INTEGER NOT NULL,
        task TEXT NOT NULL, reviewer TEXT NOT NULL, choice TEXT NOT NULL, at TEXT NOT NULL,
        UNIQUE (trial_id, epoch, task, reviewer))""",
)

MIGRATIONS: Sequence[Migration] = (_FIRST, _NOTIFIED, _REVIEWED)


async def migrate(
    connection: AsyncConnection, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """
    Bring the file to the newest schema.

    Args:
        connection: In autocommit mode, outside a transaction.
        migrations: All of them, the oldest first.

    Raises:
        StoreError: If the file is a newer shadowmon's, or another program's.

    """
    version = await _version(connection)
    if version > len(migrations):
        msg = (
            f"it has schema {version}, and this shadowmon knows schemas up to {len(migrations)};"
            " start the newer shadowmon that wrote it, or name another file in store.path"
        )
        raise StoreError(msg)
    for number in range(version + 1, len(migrations) + 1):
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        for statement in migrations[number - 1]:
            await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', ?)", (str(number),)
        )
        await connection.exec_driver_sql("COMMIT")
        _log.info("store.migrated", schema=number)


async def _version(connection: AsyncConnection) -> int:
    found = await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = set(found.scalars())
    if not tables:
        return 0
    if "meta" in tables:
        found = await connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'schema'")
        version = found.scalar()
        if isinstance(version, str) and version.isdecimal():
            return int(version)
    msg = (
        f"it is another program's database (tables: {', '.join(sorted(tables)[:5])});"
        " name another file in store.path"
    )
    raise StoreError(msg)
