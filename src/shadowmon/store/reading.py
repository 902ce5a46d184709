"""
The SQL of whoever reads the journal: a person page by page, a notifier entry by entry.

Rule: how far a reader is, and what it could not be told, is written in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shadowmon.records import DeadLetter, TrialId
from shadowmon.store import rows
from shadowmon.store.canonical import clean
from shadowmon.store.schema import dead_letters, journal, places


def newest_first(
    trial_id: TrialId | None, before: int | None, limit: int
) -> Select[tuple[object, ...]]:
    """Ask for a page of the journal."""
    query = select(journal).order_by(journal.c.number.desc()).limit(limit)
    if trial_id is not None:
        query = query.where(journal.c.trial_id == clean(trial_id))
    if before is not None:
        query = query.where(journal.c.number < before)
    return query


async def place(connection: AsyncConnection, reader: str) -> int | None:
    """Return how far a reader is."""
    found = await connection.execute(
        select(places.c.number).where(places.c.reader == clean(reader))
    )
    return found.scalar()


async def move(connection: AsyncConnection, reader: str, number: int) -> None:
    """Remember how far a reader is."""
    fresh = insert(places).values(reader=clean(reader), number=number)
    await connection.execute(
        fresh.on_conflict_do_update(index_elements=[places.c.reader], set_={"number": number})
    )


async def bury(connection: AsyncConnection, letter: rows.Columns, *, kept: int) -> None:
    """Add a dead letter to its reader's, and let the oldest of them go."""
    await connection.execute(insert(dead_letters).values(letter).on_conflict_do_nothing())
    own = dead_letters.c.reader == letter["reader"]
    last_kept = (
        select(dead_letters.c.number)
        .where(own)
        .order_by(dead_letters.c.number.desc())
        .limit(1)
        .offset(kept - 1)
        .scalar_subquery()
    )
    await connection.execute(
        delete(dead_letters).where(own, dead_letters.c.number < func.coalesce(last_kept, 0))
    )


async def buried(connection: AsyncConnection, limit: int) -> Sequence[DeadLetter]:
    """Return dead letters, the newest entries' first."""
    order = (dead_letters.c.number.desc(), dead_letters.c.reader)
    found = await connection.execute(select(dead_letters).order_by(*order).limit(limit))
    return tuple(map(rows.to_dead_letter, found.mappings()))
