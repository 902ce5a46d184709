"""
Fold observations into accounts that add.

This is the hot half of the evidence, and it is local: every replica counts what it scored itself,
publishes cumulative totals, and the sum over all replicas is the account that is weighed.

Rule 1: totals only ever grow. Whoever publishes them overwrites what it published before, so that a
retry cannot count a pair twice.
Rule 2: not thread-safe. One task owns a ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from shadowmon.evidence import outcomes
from shadowmon.evidence.knots import Deposit
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
        self.counts = [0] * places
        self.changed = False


class Ledger:
    """All accounts of one replica."""

    def __init__(self, metrics: Mapping[MetricName, Metric]) -> None:
        self._metrics = dict(metrics)
        self._accounts: dict[Cell, _Account] = {}
        # Hashing a cell costs more than counting does. The same few sets of slices come again and
        # again, so the accounts that an observation touches are found by one look-up.
        self._touched: dict[
            tuple[TrialId, int, int, int, MetricName, frozenset[SliceName]], tuple[_Account, ...]
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
        for accounts, deposit in [self._entry(pair, seen) for seen in observations]:
            for account in accounts:
                for place, amount in deposit:
                    account.counts[place] += amount
                if not account.changed:
                    account.changed = True
                    self._changed.append(account)

    def _entry(
        self, pair: Counted, observation: Observation
    ) -> tuple[tuple[_Account, ...], Deposit]:
        name = observation.metric
        metric = self._metrics.get(name)
        if metric is None:
            known = ", ".join(sorted(self._metrics)) or "none"
            message = f"observation of metric {name!r}: no such metric, there are: {known}"
            raise ValueError(message)
        deposit = outcomes.deposit(observation, metric)
        stage = pair.stage if metric.scope is Scope.STAGE else 0
        key = (pair.trial_id, pair.epoch, stage, pair.rate, name, pair.slices)
        accounts = self._touched.get(key)
        if accounts is None:
            accounts = self._touched[key] = self._open(pair, metric, stage)
        return accounts, deposit

    def _open(self, pair: Counted, metric: Metric, stage: int) -> tuple[_Account, ...]:
        cells = [
            Cell(
                trial_id=pair.trial_id,
                epoch=pair.epoch,
                stage=stage,
                metric=metric.name,
                slice=slice_name,
                rate=pair.rate,
            )
            for slice_name in pair.slices
        ]
        size = outcomes.places(metric)
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

    def mark_all_changed(self) -> None:
        """Let the next `take_changed` return every account: what was published may be lost."""
        self._changed = list(self._accounts.values())
        for account in self._changed:
            account.changed = True


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
