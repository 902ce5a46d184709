"""
The SQL of a commit, of the chain and of folding; each inside the caller's transaction.

Rule: every statement may be done twice, but for `append`, which `chain.already_in` guards.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Select, Table, bindparam, delete, exists, func, select
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shadowmon.errors import StoreError
from shadowmon.records import Entry, ExchangeId
from shadowmon.store import rows
from shadowmon.store.accounts import RETIRED, RETIRED_KEPT, add
from shadowmon.store.canonical import clean
from shadowmon.store.chain import GENESIS, Head, end, link
from shadowmon.store.rows import Columns
from shadowmon.store.schema import (
    accounts,
    awaiting,
    journal,
    labels,
    meta,
    preferences,
    retired,
    snapshots,
)
from shadowmon.store.store import Row, Save, Saved


_HEAD = "journal_head"


def _keep(table: Table) -> Insert:
    """Write a row in the place of the one that has the same key."""
    fresh = insert(table)
    changes = {
        column.name: fresh.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return fresh.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


_KEEP_HEAD = _keep(meta)
_KEEP_SNAPSHOT = _keep(snapshots)
_KEEP_ACCOUNT = _keep(accounts)
_KEEP_AWAITING = _keep(awaiting)
_KEEP_LABEL = _keep(labels)
_KEEP_PREFERENCE = insert(preferences).on_conflict_do_nothing()
_SETTLE = delete(awaiting).where(
    awaiting.c.trial_id == bindparam("the_trial"),
    awaiting.c.exchange_id == bindparam("the_exchange"),
)
_FORGET_LABEL = delete(labels).where(
    labels.c.exchange_id == bindparam("the_exchange"),
    ~exists().where(awaiting.c.exchange_id == bindparam("the_exchange")),
)
"""A label that no pair waits for."""

# What each commit asks is composed once. A new statement with an IN refers to itself in circles:
# one with each tick would pile up until the collector comes by, and in a quiet process it is rare.
_NEWEST = select(journal.c.number, journal.c.hash).order_by(journal.c.number.desc()).limit(1)
_RETIRED_OF = select(retired.c.worker).where(
    retired.c.worker.in_(bindparam("workers", expanding=True))
)
_ENTER = insert(journal)


# --- the chain ---


async def head(connection: AsyncConnection) -> Head:
    """Return where the journal ends."""
    row = (await connection.execute(_NEWEST)).one_or_none()
    return Head(number=row.number, hash=row.hash) if row else GENESIS


async def noted_head(connection: AsyncConnection) -> Head:
    """Return where the journal ended when it was last written."""
    found = await connection.execute(select(meta.c.value).where(meta.c.key == _HEAD))
    number, _, digest = (found.scalar() or "").partition(" ")
    return Head(number=int(number), hash=digest) if number.isdecimal() else GENESIS


async def head_before(connection: AsyncConnection, number: int) -> Head:
    """Return what entry `number` says that it follows; the chain's start if there is none."""
    if number <= 1:
        return GENESIS
    found = await connection.execute(
        select(journal.c.previous_hash).where(journal.c.number == number)
    )
    return Head(number=number - 1, hash=found.scalar() or "")


async def links_after(connection: AsyncConnection, number: int, limit: int) -> Sequence[Row]:
    """Return the next entries, the oldest first."""
    following = select(journal).where(journal.c.number > number)
    return await links(connection, following.order_by(journal.c.number).limit(limit))


async def links(connection: AsyncConnection, query: Select[Any]) -> Sequence[Row]:
    """Return the entries that are asked for."""
    return tuple(map(rows.to_journal, await _all(connection, query)))


async def append(connection: AsyncConnection, last: Head, entries: Sequence[Entry]) -> None:
    """Add entries to the chain, and note where it ends now."""
    if not entries:
        return
    links = []
    for entry in entries:
        row = link(last, entry)
        links.append(rows.of_journal(row))
        last = end(row)
    await connection.execute(_ENTER, links)
    await connection.execute(_KEEP_HEAD, [{"key": _HEAD, "value": f"{last.number} {last.hash}"}])


# --- everything else ---


async def everything(connection: AsyncConnection) -> Saved:
    """Return all but the journal."""
    pairs = select(awaiting).order_by("received_at", "trial_id", "exchange_id")
    return Saved(
        snapshots=dict(map(rows.to_snapshot, await _all(connection, select(snapshots)))),
        accounts=dict(map(rows.to_account, await _all(connection, select(accounts)))),
        awaiting=tuple(map(rows.to_awaiting, await _all(connection, pairs))),
        labels={
            ExchangeId(row["exchange_id"]): row["label"]
            for row in await _all(connection, select(labels))
        },
        last_number=(await head(connection)).number,
        preferences=tuple(
            map(rows.to_preference, await _all(connection, select(preferences).order_by("number")))
        ),
    )


async def _all(connection: AsyncConnection, query: Select[Any]) -> Sequence[rows.Read]:
    found = await connection.execute(query)
    return tuple(found.mappings())


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """A `Save` without its entries, as rows."""

    snapshots: list[Columns]
    accounts: list[Columns]
    awaiting: list[Columns]
    settled: list[Columns]
    labels: list[Columns]
    preferences: list[Columns]

    @classmethod
    def of(cls, save: Save) -> Self:
        """
        Translate.

        Raises:
            StoreError: If a part of it cannot be written.

        """
        return cls(
            snapshots=[rows.of_snapshot(*item) for item in save.snapshots.items()],
            accounts=[rows.of_account(*key, counts) for key, counts in save.accounts.items()],
            awaiting=[rows.of_awaiting(pair) for pair in save.awaiting],
            settled=[
                {"the_trial": clean(one), "the_exchange": clean(two)} for one, two in save.settled
            ],
            labels=[
                {"exchange_id": clean(exchange_id), "label": clean(label)}
                for exchange_id, label in save.labels.items()
            ],
            preferences=[rows.of_preference(each) for each in save.preferences],
        )

    async def perform(self, connection: AsyncConnection) -> None:
        """Write it; to write it twice is harmless."""
        gone = await _retired(connection, {row["worker"] for row in self.accounts})
        told = [row for row in self.accounts if row["worker"] not in gone]
        touched = [{"the_exchange": row["exchange_id"]} for row in self.labels]
        touched += [{"the_exchange": row["the_exchange"]} for row in self.settled]
        for statement, parameters in (
            (_KEEP_SNAPSHOT, self.snapshots),
            (_KEEP_ACCOUNT, told),
            (_KEEP_AWAITING, self.awaiting),
            (_SETTLE, self.settled),
            (_KEEP_LABEL, self.labels),
            (_FORGET_LABEL, touched),
            (_KEEP_PREFERENCE, self.preferences),
        ):
            if parameters:
                await connection.execute(statement, parameters)


async def _retired(connection: AsyncConnection, workers: AbstractSet[str]) -> AbstractSet[str]:
    """Return those of `workers` whose accounts are not taken any more."""
    found = await connection.execute(_RETIRED_OF, {"workers": list(workers)})
    return {RETIRED, *found.scalars()}


async def fold(connection: AsyncConnection, worker: str) -> None:
    """
    Add a worker's accounts to the retired ones, remove them, and note its name.

    Raises:
        StoreError: If an account has not as many places as the retired one of its cell.

    """
    if worker == RETIRED:
        return
    told = await _all(connection, select(accounts).where(accounts.c.worker == worker))
    for (_, cell), counts in map(rows.to_account, told):
        row = rows.of_account(RETIRED, cell, counts)
        key = [column == row[column.name] for column in accounts.primary_key]
        for _, former in map(rows.to_account, await _all(connection, select(accounts).where(*key))):
            try:
                total = add(counts, former)
            except ValueError as error:
                msg = f"the account of {worker} in {cell} cannot be folded: {error}"
                raise StoreError(msg) from error
            row = rows.of_account(RETIRED, cell, total)
        await connection.execute(_KEEP_ACCOUNT, [row])
    await connection.execute(delete(accounts).where(accounts.c.worker == worker))
    await connection.execute(insert(retired).on_conflict_do_nothing(), [{"worker": worker}])


async def forget_retired(connection: AsyncConnection) -> None:
    """Forget the names of workers that were retired long ago."""
    newest = select(func.max(retired.c.number)).scalar_subquery()
    await connection.execute(delete(retired).where(retired.c.number <= newest - RETIRED_KEPT))
