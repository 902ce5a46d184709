"""
Fold observations into accounts that add.

This is the hot half of the evidence, and it is local: every replica counts what it scored itself,
publishes cumulative totals, and the sum over all replicas is the account that is weighed.

Rule 1: totals only ever grow. Whoever publishes them overwrites what it published before, so that a
retry cannot count a pair twice.
Rule 2: not thread-safe. One task owns a ledger.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import outcomes
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


Integers = NDArray[np.int64]


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


class _Account:
    """A cell's integers while they grow."""

    __slots__ = ("cell", "changed", "counts")

    def __init__(self, cell: Cell, places: int) -> None:
        self.cell = cell
        self.counts = array("q", bytes(8 * places))
        self.changed = False


_Entry: TypeAlias = tuple[Metric, tuple[_Account, ...]]


class Ledger:
    """All accounts of one replica."""

    def __init__(self, metrics: Mapping[MetricName, Metric]) -> None:
        self._metrics = dict(metrics)
        self._accounts: dict[Cell, _Account] = {}
        # Hashing a cell costs more than counting does. The same few sets of slices come again and
        # again, so what a pair's observations touch is found by one look-up for the pair, and one
        # for each metric.
        self._pages: dict[
            tuple[TrialId, int, int, int, frozenset[SliceName]], dict[MetricName, _Entry]
        ] = {}
        self._changed: list[_Account] = []

    def record(self, score: Score) -> None:
        """
        Count every observation of a pair, in every slice that the pair is in.

        Raises:
            ValueError: If a metric is unknown, or an observation does not fit its metric. Nothing
                of the score is counted then.

        """
        self.count(score.pair, score.observations)

    def count(self, pair: Counted, observations: Iterable[Observation]) -> None:
        """Count observations of a pair, or of what is counted like one; else as `record`."""
        key = (pair.trial_id, pair.epoch, pair.stage, pair.rate, pair.slices)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = {}
        todo = []
        for seen in observations:
            entry = page.get(seen.metric)
            metric = self._metric(seen.metric) if entry is None else entry[0]
            deposit = outcomes.deposit(seen, metric)
            if entry is None:
                entry = page[seen.metric] = (metric, self._open(pair, metric))
            todo.append((entry[1], deposit))
        for accounts, deposit in todo:
            for account in accounts:
                counts = account.counts
                for place, amount in deposit:
                    counts[place] += amount
                if not account.changed:
                    account.changed = True
                    self._changed.append(account)

    def _metric(self, name: MetricName) -> Metric:
        metric = self._metrics.get(name)
        if metric is None:
            known = ", ".join(sorted(self._metrics)) or "none"
            message = f"observation of metric {name!r}: no such metric, there are: {known}"
            raise ValueError(message)
        return metric

    def _open(self, pair: Counted, metric: Metric) -> tuple[_Account, ...]:
        size = outcomes.places(metric)
        cells = [
            Cell(
                trial_id=pair.trial_id,
                epoch=pair.epoch,
                stage=pair.stage if metric.scope is Scope.STAGE else 0,
                metric=metric.name,
                slice=slice_name,
                rate=pair.rate,
            )
            for slice_name in pair.slices
        ]
        return tuple(self._accounts.setdefault(cell, _Account(cell, size)) for cell in cells)

    def totals(self) -> dict[Cell, Counts]:
        """Return every account."""
        return {cell: tuple(account.counts) for cell, account in self._accounts.items()}

    def take_changed(self) -> dict[Cell, Counts]:
        """Return the totals of the accounts that grew since this was last called."""
        changed, self._changed = self._changed, []
        for account in changed:
            account.changed = False
        return {account.cell: tuple(account.counts) for account in changed}

    def take_changed_rows(self) -> dict[MetricName, tuple[list[Cell], Integers]]:
        """
        Do as `take_changed`, for whoever weighs many cells at once (battery.py).

        Returns:
            For each metric its cells, and their totals as an array (cells, places).

        """
        changed, self._changed = self._changed, []
        by_metric: defaultdict[MetricName, list[_Account]] = defaultdict(list)
        for account in changed:
            account.changed = False
            by_metric[account.cell.metric].append(account)
        return {
            name: ([account.cell for account in accounts], _stacked(accounts))
            for name, accounts in by_metric.items()
        }

    def mark_all_changed(self) -> None:
        """Let the next `take_changed` return every account: what was published may be lost."""
        self._changed = list(self._accounts.values())
        for account in self._changed:
            account.changed = True


def _stacked(accounts: Sequence[_Account]) -> Integers:
    integers = np.frombuffer(b"".join([account.counts for account in accounts]), dtype=np.int64)
    return integers.reshape(len(accounts), -1)


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
