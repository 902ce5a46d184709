"""
What the store must still be told of pairs that wait for a label.

Rule 1: a pair that no commit was tried with is not in the store for certain: once it is settled
        there is nothing to tell of it. One that was tried with may be there whatever we were told,
        and would be counted a second time after a restart: that it is settled must be told.
Rule 2: so while the store is down no further pairs are tried with. What is kept is thus never more
        than what waits (`store.awaiting_max`), and what waited when the store was last written,
        however long it is down; and nothing is lost.
Rule 3: more may come in while the store is writing; it is for the next commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shadowmon.daemon.labels import LabelDesk
from shadowmon.records import Awaiting, ExchangeId, TrialId


_Key: TypeAlias = tuple[TrialId, ExchangeId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What one commit tells."""

    awaiting: tuple[Awaiting, ...]
    settled: tuple[_Key, ...]
    labels: Mapping[ExchangeId, str]
    """Their digests."""
    labelled: frozenset[ExchangeId]
    """Whose labels were asked for, also where none is known any more."""
    is_all: bool
    """False: there is more that nobody tried with while the store was down."""


class Unsaved:
    """Pairs, and labels of them, that the store does not have yet."""

    def __init__(self, labels: LabelDesk) -> None:
        self._labels = labels
        self._awaiting: dict[_Key, Awaiting] = {}
        self._tried: set[_Key] = set()
        """Those of them, and of what is settled since, that a commit was tried with."""
        self._settled: dict[_Key, None] = {}
        self._labelled: set[ExchangeId] = set()

    def __len__(self) -> int:
        return len(self._awaiting) + len(self._settled) + len(self._labelled)

    def expect(self, pairs: Iterable[Awaiting]) -> None:
        """Remember pairs that wait for a label."""
        self._awaiting.update(((pair.trial_id, pair.exchange_id), pair) for pair in pairs)

    def settle(self, settled: Iterable[_Key]) -> None:
        """Remember that pairs wait no longer."""
        for key in settled:
            is_unknown = self._awaiting.pop(key, None) is not None and key not in self._tried
            if not is_unknown:
                self._settled[key] = None

    def label(self, exchanges: Iterable[ExchangeId]) -> None:
        """Remember the labels of these exchanges."""
        self._labelled.update(exchanges)

    def due(self) -> Due:
        """Return what a commit is tried with now."""
        keys = self._tried & self._awaiting.keys() if self._tried else set(self._awaiting)
        self._tried |= keys
        awaiting = tuple(pair for key, pair in self._awaiting.items() if key in keys)
        labelled = frozenset(self._labelled)
        return Due(
            awaiting=awaiting,
            settled=tuple(self._settled),
            labels=self._labels.labels_of(labelled | {pair.exchange_id for pair in awaiting}),
            labelled=labelled,
            is_all=len(awaiting) == len(self._awaiting),
        )

    def saved(self, due: Due) -> None:
        """Forget what the store has now."""
        for pair in due.awaiting:
            self._awaiting.pop((pair.trial_id, pair.exchange_id), None)
        for key in due.settled:
            del self._settled[key]
        self._tried.clear()
        self._labelled -= due.labelled

    def not_saved(self) -> None:
        """Keep all of it, but for labels that are of nothing that waits any more."""
        self._labelled = set(self._labels.labels_of(self._labelled))
