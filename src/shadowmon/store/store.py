"""Store protocol: one transaction a tick, and all that a start needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shadowmon.errors import StoreError
from shadowmon.records import (
    Awaiting,
    Cell,
    Counts,
    DeadLetter,
    Entry,
    ExchangeId,
    Preference,
    TrialId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A journal entry as it lies in the store."""

    number: int
    """1, 2, 3, … without a gap."""
    entry: Entry
    previous_hash: str
    hash: str
    """SHA-256 (hex) over the previous hash and this entry; the first one's previous is 64 zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """What one tick has to remember: all of it, or nothing."""

    entries: Sequence[Entry] = ()
    snapshots: Mapping[TrialId, Mapping[str, Any]] = field(default_factory=dict)
    """JSON; replaces the trial's former snapshot."""
    accounts: Mapping[tuple[str, Cell], Counts] = field(default_factory=dict)
    """(worker's incarnation, cell) -> totals; overwrites what that worker had told before."""
    awaiting: Sequence[Awaiting] = ()
    """Pairs that from now on wait for a label."""
    settled: Sequence[tuple[TrialId, ExchangeId]] = ()
    """Pairs that wait no longer."""
    labels: Mapping[ExchangeId, str] = field(default_factory=dict)
    """Labels of pairs that still wait."""
    preferences: Sequence[Preference] = ()
    """Each reviewer's first word on a task stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """All that a start needs."""

    snapshots: Mapping[TrialId, Mapping[str, Any]]
    accounts: Mapping[tuple[str, Cell], Counts]
    awaiting: Sequence[Awaiting]
    labels: Mapping[ExchangeId, str]
    last_number: int
    """Of the journal; 0 if it is empty."""
    preferences: Sequence[Preference] = ()
    """In the order in which they were given."""


class UncertainError(StoreError):
    """The store did not answer in time: it may have remembered, or may yet."""


class Store(Protocol):
    """Remembers. One writer."""

    async def open(self) -> None:
        """
        Open, migrate, and check that the journal's newest entries hang together.

        Raises:
            StoreError: If it cannot be used: what was found, and what to do.

        """
        ...

    async def close(self) -> None:
        """Let go; twice is harmless."""
        ...

    async def load(self) -> Saved:
        """
        Return what the last commit left.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def commit(self, save: Save) -> None:
        """
        Remember all of this, or nothing.

        Raises:
            UncertainError: If nobody knows. To give the same entries again, before any others, is
                right: they are remembered once.
            StoreError: If it was not remembered.

        """
        ...

    async def retire(self, workers: Collection[str]) -> None:
        """
        Fold the accounts of workers that are gone into one, so that they do not grow for ever.

        All of them or none, and each once, however often it is asked. What one of them tells later
        is not remembered.

        Raises:
            StoreError: If it was not done.

        """
        ...

    async def journal(
        self, *, trial_id: TrialId | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Row]:
        """
        Return the newest entries first, of one trial or of all.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def following(self, number: int, *, limit: int = 100) -> Sequence[Row]:
        """
        Return the journal's next entries after a number, the oldest first.

        Raises:
            StoreError: If they cannot be read.

        """
        ...

    async def newest(self) -> int:
        """
        Return the number of the journal's newest entry; 0 if it is empty.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def place(self, reader: str) -> int | None:
        """
        Return the last entry that a reader of the journal is done with; None if it is a new one.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def move(
        self, reader: str, number: int, *, dead: DeadLetter | None = None, dead_max: int = 1_000
    ) -> None:
        """
        Remember how far a reader is, and what it could not be told: both or none.

        Of each reader's dead letters the newest `dead_max` are kept.

        Raises:
            StoreError: If it was not remembered.

        """
        ...

    async def dead_letters(self, *, limit: int = 100) -> Sequence[DeadLetter]:
        """
        Return what could not be told, the newest first.

        Raises:
            StoreError: If it cannot be read.

        """
        ...

    async def verify(self) -> int:
        """
        Walk the whole hash chain and return how many entries it has.

        Raises:
            StoreError: At the first entry that does not fit: its number, and what is wrong.

        """
        ...
