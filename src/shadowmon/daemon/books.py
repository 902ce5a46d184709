"""
The sum of what all workers have counted, kept up to date by what changes.

Rule 1: a worker's account only grows; a smaller one is an old one, and is passed over. So a report
that is lost, repeated or late does no harm (a grow-only counter).
Rule 2: what a dead worker told stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from shadowmon.records import Cell, Counts, TrialId


CONTROL = "control"
"""The account of what the control process counts itself (labels). It outlives the process."""


class Books:
    """All accounts, and their sum for each cell."""

    def __init__(self, saved: Mapping[tuple[str, Cell], Counts]) -> None:
        self._accounts: dict[tuple[str, Cell], Counts] = {}
        self._totals: dict[Cell, npt.NDArray[np.int64]] = {}
        self._cells: defaultdict[tuple[TrialId, int], set[Cell]] = defaultdict(set)
        self._changed: set[tuple[str, Cell]] = set()
        for (worker, cell), counts in saved.items():
            self.tell(worker, cell, counts)
        self._changed.clear()

    def tell(self, worker: str, cell: Cell, counts: Counts) -> None:
        """Take in what a worker has counted in a cell since it started."""
        before = self._accounts.get((worker, cell))
        if before is not None and (len(before) != len(counts) or sum(counts) <= sum(before)):
            return
        grown = np.array(counts, dtype=np.int64)
        if before is not None:
            grown -= np.array(before, dtype=np.int64)
        self._accounts[worker, cell] = counts
        self._changed.add((worker, cell))
        self._cells[cell.trial_id, cell.epoch].add(cell)
        total = self._totals.get(cell)
        self._totals[cell] = grown if total is None else total + grown

    def add(self, cell: Cell, grown: Counts) -> None:
        """Let the control process' own account grow by so much."""
        before = self._accounts.get((CONTROL, cell), (0,) * len(grown))
        self.tell(CONTROL, cell, tuple(map(sum, zip(before, grown, strict=True))))

    def totals(self, trial_id: TrialId, epoch: int) -> dict[Cell, Counts]:
        """Return the sum over all workers of each cell of one trial's epoch."""
        return {cell: tuple(self._totals[cell].tolist()) for cell in self._cells[trial_id, epoch]}

    def changed(self) -> dict[tuple[str, Cell], Counts]:
        """Return the accounts that changed since `saved` was last called."""
        return {key: self._accounts[key] for key in self._changed}

    def saved(self, accounts: Mapping[tuple[str, Cell], Counts]) -> None:
        """Remember that these lie in the store; one that has grown since has still changed."""
        self._changed -= {
            key for key, counts in accounts.items() if self._accounts.get(key) == counts
        }

    def drop_epochs_before(self, trial_id: TrialId, epoch: int) -> None:
        """Let go of a trial's former epochs: nothing is judged on them any more."""
        old = [key for key in self._cells if key[0] == trial_id and key[1] < epoch]
        if not old:  # at nearly every tick
            return
        gone = {cell for key in old for cell in self._cells.pop(key)}
        for cell in gone:
            del self._totals[cell]
        for account in [each for each in self._accounts if each[1] in gone]:
            del self._accounts[account]
            self._changed.discard(account)
