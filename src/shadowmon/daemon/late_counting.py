"""
Pairs that are counted here, and not in a worker: those whose label came later.

Rule: a pair counts in the epoch that it was scored in, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shadowmon.daemon.books import Books
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.labels import LabelDesk, Settled
from shadowmon.ipc.counted import Counted
from shadowmon.records import ExchangeId, TrialId
from shadowmon.trial.trial import Trial


class LateCounting:
    """Lets settled pairs into the books."""

    def __init__(self, *, trials: Mapping[TrialId, Trial], labels: LabelDesk, books: Books) -> None:
        self._trials = trials
        self._labels = labels
        self._books = books
        self._gates: dict[TrialId, Gate] = {}

    def count_anew(self) -> Counted:
        """Return by which metrics pairs are counted from now on, and count by them."""
        metrics = {name: trial.weighing.metrics for name, trial in self._trials.items()}
        self._gates = {
            name: Gate(
                metrics[name],
                primary=trial.plan.primary,
                settings=trial.plan.evidence.dependence,
            )
            for name, trial in self._trials.items()
        }
        return metrics

    def settle(self, now: datetime) -> list[tuple[TrialId, ExchangeId]]:
        """Count the pairs that wait no longer, and return them."""
        settled = []
        for each in self._labels.settle(now):
            settled.append((each.awaiting.trial_id, each.awaiting.exchange_id))
            self._count(each, now)
        for gate in self._gates.values():
            gate.close_due(now)
            for cell, grown in gate.take_grown().items():
                self._books.add(cell, grown)
        return settled

    def close_sessions(self) -> None:
        """Count every session as it stands, as before a stop."""
        for gate in self._gates.values():
            gate.close_all()

    def variance_ratio(self, trial_id: TrialId) -> float | None:
        """Return a trial's, of a primary metric that waits for labels; None: not known yet."""
        return self._gates[trial_id].ratio.ratio

    def _count(self, settled: Settled, now: datetime) -> None:
        pair = settled.awaiting
        trial = self._trials.get(pair.trial_id)
        if trial is not None and pair.epoch == trial.memory.state.epoch:
            self._gates[pair.trial_id].count(pair, settled.observations, now)
