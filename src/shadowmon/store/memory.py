"""
Store in dicts: for tests, and for trying things out. It forgets when the process ends.

What goes in is written and read back as the SQL store does it, so that whoever tests with this one
meets no surprise with the other. The same contract suite holds both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shadowmon.errors import StoreError
from shadowmon.records import Awaiting, Cell, Counts, DeadLetter, ExchangeId, Preference, TrialId
from shadowmon.store import rows
from shadowmon.store.accounts import RETIRED, add
from shadowmon.store.canonical import clean
from shadowmon.store.chain import GENESIS, Head, cleaned, end, follow, link
from shadowmon.store.store import Row, Save, Saved


class MemoryStore:
    """See `store.Store`."""

    def __init__(self) -> None:
        self._open = False
        self._journal: list[Row] = []
        self._snapshots: dict[TrialId, Mapping[str, Any]] = {}
        self._accounts: dict[tuple[str, Cell], Counts] = {}
        self._awaiting: dict[tuple[TrialId, ExchangeId], Awaiting] = {}
        self._labels: dict[ExchangeId, str] = {}
        self._retired = {RETIRED}
        self._places: dict[str, int] = {}
        self._dead: dict[tuple[str, int], DeadLetter] = {}
        self._preferences: dict[tuple[TrialId, int, ExchangeId, str], Preference] = {}

    async def open(self) -> None:
        """See `Store.open`."""
        if self._open:
            msg = "the store is open already"
            raise StoreError(msg)
        self._open = True

    async def close(self) -> None:
        """See `Store.close`. What was committed is there when it is opened again."""
        self._open = False

    async def load(self) -> Saved:
        """See `Store.load`."""
        self._must_be_open()
        pairs = sorted(
            self._awaiting.values(),
            key=lambda pair: (pair.received_at, pair.trial_id, pair.exchange_id),
        )
        return Saved(
            snapshots=dict(self._snapshots),
            accounts=dict(self._accounts),
            awaiting=tuple(pairs),
            labels=dict(self._labels),
            last_number=len(self._journal),
            preferences=tuple(self._preferences.values()),
        )

    async def commit(self, save: Save) -> None:
        """See `Store.commit`."""
        self._must_be_open()
        links = self._links(save)
        snapshots = dict(
            rows.to_snapshot(rows.of_snapshot(*item)) for item in save.snapshots.items()
        )
        accounts = dict(
            rows.to_account(rows.of_account(*key, counts)) for key, counts in save.accounts.items()
        )
        pairs = [rows.to_awaiting(rows.of_awaiting(pair)) for pair in save.awaiting]
        said = [rows.to_preference(rows.of_preference(each)) for each in save.preferences]
        # Nothing above may change the store, and nothing below may fail.
        self._journal += links
        self._snapshots |= snapshots
        self._accounts |= {
            key: counts for key, counts in accounts.items() if key[0] not in self._retired
        }
        self._awaiting |= {(pair.trial_id, pair.exchange_id): pair for pair in pairs}
        for trial_id, exchange_id in save.settled:
            self._awaiting.pop((TrialId(clean(trial_id)), ExchangeId(clean(exchange_id))), None)
        self._labels |= {ExchangeId(clean(one)): clean(label) for one, label in save.labels.items()}
        for each in said:
            key = (each.trial_id, each.epoch, each.task, each.reviewer)
            self._preferences.setdefault(key, each)
        waiting = {exchange_id for _, exchange_id in self._awaiting}
        self._labels = {one: label for one, label in self._labels.items() if one in waiting}

    async def journal(
        self, *, trial_id: TrialId | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Row]:
        """See `Store.journal`."""
        self._must_be_open()
        wanted = None if trial_id is None else clean(trial_id)
        found = (
            row
            for row in reversed(self._journal)
            if (wanted is None or row.entry.trial_id == wanted)
            and (before is None or row.number < before)
        )
        return tuple(row for row, _ in zip(found, range(limit), strict=False))

    async def following(self, number: int, *, limit: int = 100) -> Sequence[Row]:
        """See `Store.following`."""
        self._must_be_open()
        return tuple(self._journal[number : number + limit])

    async def newest(self) -> int:
        """See `Store.newest`."""
        self._must_be_open()
        return len(self._journal)

    async def place(self, reader: str) -> int | None:
        """See `Store.place`."""
        self._must_be_open()
        return self._places.get(clean(reader))

    async def move(
        self, reader: str, number: int, *, dead: DeadLetter | None = None, dead_max: int = 1_000
    ) -> None:
        """See `Store.move`."""
        self._must_be_open()
        if dead is not None:
            letter = rows.to_dead_letter(rows.of_dead_letter(dead))
            self._dead.setdefault((letter.reader, letter.number), letter)
            own = sorted(key for key in self._dead if key[0] == letter.reader)
            for key in own[:-dead_max]:
                del self._dead[key]
        self._places[clean(reader)] = number

    async def dead_letters(self, *, limit: int = 100) -> Sequence[DeadLetter]:
        """See `Store.dead_letters`."""
        self._must_be_open()
        return tuple(self._dead[key] for key in sorted(self._dead, key=_newest_first)[:limit])

    async def verify(self) -> int:
        """See `Store.verify`."""
        self._must_be_open()
        head = GENESIS
        for row in self._journal:
            head = follow(head, row)
        return head.number

    async def retire(self, workers: Collection[str]) -> None:
        """See `SqlStore.retire`."""
        self._must_be_open()
        gone = {clean(worker) for worker in workers} - {RETIRED}
        folded: dict[tuple[str, Cell], Counts] = {}
        for (worker, cell), counts in self._accounts.items():
            key = (RETIRED if worker in gone else worker, cell)
            try:
                folded[key] = add(folded[key], counts) if key in folded else counts
            except ValueError as error:
                msg = f"the account of {worker} in {cell} cannot be folded: {error}"
                raise StoreError(msg) from error
        self._accounts = folded
        self._retired |= gone

    def _links(self, save: Save) -> list[Row]:
        head: Head = end(self._journal[-1]) if self._journal else GENESIS
        links = []
        for entry in save.entries:
            row = link(head, cleaned(entry))
            links.append(rows.to_journal(rows.of_journal(row)))
            head = end(row)
        return links

    def _must_be_open(self) -> None:
        if not self._open:
            msg = "the store is not open"
            raise StoreError(msg)


def _newest_first(key: tuple[str, int]) -> tuple[int, str]:
    reader, number = key
    return -number, reader
