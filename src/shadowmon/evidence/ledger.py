"""
Fold observations into accounts that add.

This is the hot half of the evidence, and it is local: every replica counts what it scored itself,
publishes cumulative totals, and the sum over all replicas is the account that is weighed.

What is recorded is checked at once and waits in a book, one for each metric, until somebody asks
for totals or the book is full: many observations are far cheaper to count together than one by one.

Rule 1: totals only ever grow. Whoever publishes them overwrites what it published before, so that a
retry cannot count a pair twice.
Rule 2: whoever asks sees all that was recorded, waiting or not.
Rule 3: not thread-safe. One task owns a ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Protocol, TypeAlias

import numpy as np

from shadowmon.evidence import observed, outcomes
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers
from shadowmon.evidence.observed import Reader
from shadowmon.evidence.sampling import EVERY_ONE, both
from shadowmon.records import (
    Cell,
    Counts,
    Metric,
    MetricName,
    Observation,
    Scope,
    Score,
    SliceName,
    TrialId,
)


_WAITING_MAX = 1024
"""Observations that may wait to be counted."""

_ONLY_ONE = itemgetter(0)


class Counted(Protocol):
    """What says under which cells observations are counted: a pair, or a session of them."""

    @property
    def trial_id(self) -> TrialId: ...  # noqa: D102
    @property
    def epoch(self) -> int: ...  # noqa: D102
    @property
    def stage(self) -> int: ...  # noqa: D102
    @property
    def rate(self) -> int: ...  # noqa: D102
    @property
    def slices(self) -> frozenset[SliceName]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changed:
    """The accounts of one metric that grew."""

    cells: Sequence[Cell]
    rows: Integers
    """Of each of these cells, which of the accounts is its own."""
    accounts: Floats
    """(all cells and more, places), in whole numbers; not copied, so only until more is counted."""


class _Book:
    """All accounts of one metric, and what was recorded and is not counted yet."""

    __slots__ = (
        "_changed",
        "_totals",
        "cells",
        "figures",
        "is_sliced",
        "metric",
        "numbers",
        "rows",
    )

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.cells: list[Cell] = []
        self.numbers: dict[Cell, int] = {}
        # (cells and room for more, places): integers, in the form in which they are weighed; of
        # what is below 2^53 a float holds each exactly.
        self._totals: Floats = np.zeros((4, outcomes.places(metric)))
        self._changed = np.zeros(4, dtype=np.bool_)
        # Of each observation that waits: its cells' numbers, and its two figures. These lists are
        # emptied and never exchanged, for the pages hold them too.
        self.rows: list[tuple[int, ...]] = []
        self.figures: list[float] = []
        # Was ever one observation counted in several cells, or in none?
        self.is_sliced = False

    def number(self, cell: Cell) -> int:
        """Return a cell's row, which is opened if there is none."""
        number = self.numbers.setdefault(cell, len(self.cells))
        if number == len(self.cells):
            self.cells.append(cell)
            if number == len(self._totals):
                self._totals = np.concatenate([self._totals, np.zeros_like(self._totals)])
                self._changed = np.concatenate([self._changed, np.zeros_like(self._changed)])
        return number

    def forget_last(self) -> None:
        """Take back the observation that came last: its score is refused."""
        self.rows.pop()
        del self.figures[-2:]

    def settle(self) -> None:
        """Count what waits."""
        if not self.rows:
            return
        figures = np.fromiter(self.figures, np.float64, len(self.figures)).reshape(-1, 2)
        grown, amounts = outcomes.deposits(figures, self.metric)
        if self.is_sliced:
            rows = np.fromiter(chain.from_iterable(self.rows), np.int64)
            times = np.fromiter(map(len, self.rows), np.int64, len(self.rows))
            grown, amounts = grown.repeat(times, axis=1), amounts.repeat(times, axis=1)
        else:
            rows = np.fromiter(map(_ONLY_ONE, self.rows), np.int64, len(self.rows))
        grown += self._totals.shape[1] * rows
        np.add.at(self._totals.reshape(-1), grown.reshape(-1), amounts.reshape(-1).astype(float))
        self._changed[rows] = True
        self.rows.clear()
        self.figures.clear()

    def totals(self) -> dict[Cell, Counts]:
        """Return every account."""
        return _as_counts(self.cells, self._totals[: len(self.cells)])

    def take_changed(self) -> Changed:
        """Return the accounts that changed since this was last called."""
        rows = np.flatnonzero(self._changed)
        self._changed[rows] = False
        cells = list(map(self.cells.__getitem__, rows.tolist()))
        return Changed(cells=cells, rows=rows, accounts=self._totals)

    def mark_all_changed(self) -> None:
        self._changed[: len(self.cells)] = True


def _as_counts(cells: Iterable[Cell], totals: Floats) -> dict[Cell, Counts]:
    return dict(zip(cells, map(tuple, totals.astype(np.int64).tolist()), strict=True))


_Rows: TypeAlias = tuple[int, ...]
_Entry: TypeAlias = tuple[Reader, Metric, list[float], list[_Rows], _Rows]
"""How observations are read, and where they wait: their book's `figures` and `rows`, and what is
added to the latter. A book is not asked for these, for that is done for every observation."""
_Page: TypeAlias = dict[MetricName | tuple[MetricName, int], _Entry]


class Ledger:
    """All accounts of one replica."""

    def __init__(self, metrics: Mapping[MetricName, Metric]) -> None:
        self._books = {name: _Book(metric) for name, metric in metrics.items()}
        # Hashing a cell costs more than counting does. The same few sets of slices come again and
        # again, so what a pair's observations touch is found by one look-up for the pair, and one
        # for each metric (and rate, if it has one of its own).
        self._pages: dict[tuple[TrialId, int, int, int, frozenset[SliceName]], _Page] = {}
        self._waiting = 0

    def record(self, score: Score) -> None:
        """
        Count every observation of a pair, in every slice that the pair is in.

        Raises:
            ValueError: If a metric is unknown, or an observation does not fit its metric. Nothing
                of the score is counted then.

        """
        self.count(score.pair, score.observations)

    def count(self, pair: Counted, observations: Sequence[Observation]) -> None:
        """Count observations of a pair, or of what is counted like one; else as `record`."""
        key = (pair.trial_id, pair.epoch, pair.stage, pair.rate, pair.slices)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = {}
        number = 0
        try:
            for seen in observations:
                under = seen.metric if seen.rate == EVERY_ONE else (seen.metric, seen.rate)
                entry = page.get(under) or self._turn(page, pair, seen)
                read, metric, figures, touched, rows = entry
                figures += read(seen, metric)
                touched.append(rows)
                number += 1
        except ValueError:
            for seen in observations[:number]:
                self._books[seen.metric].forget_last()
            raise
        self._waiting += number
        if self._waiting >= _WAITING_MAX:
            self._settle()

    def _turn(self, page: _Page, pair: Counted, seen: Observation) -> _Entry:
        """Look up what an observation touches, and note it on the page."""
        book = self._book(seen.metric)
        read = observed.reader(book.metric)
        read(seen, book.metric)  # what is refused opens no account
        under = seen.metric if seen.rate == EVERY_ONE else (seen.metric, seen.rate)
        rows = self._open(pair, book, seen.rate)
        book.is_sliced |= len(rows) != 1
        entry = page[under] = (read, book.metric, book.figures, book.rows, rows)
        return entry

    def _settle(self) -> None:
        for book in self._books.values():
            book.settle()
        self._waiting = 0

    def _book(self, name: MetricName) -> _Book:
        book = self._books.get(name)
        if book is None:
            known = ", ".join(sorted(self._books)) or "none"
            message = f"observation of metric {name!r}: no such metric, there are: {known}"
            raise ValueError(message)
        return book

    def _open(self, pair: Counted, book: _Book, rate: int) -> tuple[int, ...]:
        metric = book.metric
        return tuple(
            book.number(
                Cell(
                    trial_id=pair.trial_id,
                    epoch=pair.epoch,
                    stage=pair.stage if metric.scope is Scope.STAGE else 0,
                    metric=metric.name,
                    slice=slice_name,
                    rate=both(pair.rate, rate),
                )
            )
            for slice_name in pair.slices
        )

    def totals(self) -> dict[Cell, Counts]:
        """Return every account."""
        self._settle()
        return {
            cell: counts for book in self._books.values() for cell, counts in book.totals().items()
        }

    def take_changed(self) -> dict[Cell, Counts]:
        """Return the totals of the accounts that grew since this was last called."""
        return {
            cell: counts
            for changed in self.take_changed_rows().values()
            for cell, counts in _as_counts(changed.cells, changed.accounts[changed.rows]).items()
        }

    def take_changed_rows(self) -> dict[MetricName, Changed]:
        """Do as `take_changed`, for whoever weighs many cells at once; for each metric."""
        self._settle()
        taken = {name: book.take_changed() for name, book in self._books.items()}
        return {name: changed for name, changed in taken.items() if changed.cells}

    def mark_all_changed(self) -> None:
        """Let the next `take_changed` return every account: what was published may be lost."""
        for book in self._books.values():
            book.mark_all_changed()


def merge(many: Iterable[Mapping[Cell, Counts]]) -> dict[Cell, Counts]:
    """
    Add up the accounts of many replicas.

    Exact, and the same in any order: it is the account that one replica would have counted.

    Raises:
        ValueError: If two accounts of one cell have not the same number of places.

    """
    sums: dict[Cell, list[int]] = {}
    for accounts in many:
        for cell, counts in accounts.items():
            so_far = sums.get(cell)
            if so_far is None:
                sums[cell] = list(counts)
            elif len(so_far) != len(counts):
                message = f"{cell}: accounts of {len(so_far)} and {len(counts)} places do not add"
                raise ValueError(message)
            else:
                sums[cell] = [mine + theirs for mine, theirs in zip(so_far, counts, strict=True)]
    return {cell: tuple(counts) for cell, counts in sums.items()}
