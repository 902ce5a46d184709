"""
Pairs that go together, counted together: one gate in front of a ledger.

Quality that is gathered over the epoch goes through it, whether it comes from a scorer or from a
label that came later; service metrics do not, for load and outages are no user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from shadowmon.evidence import observed
from shadowmon.evidence.clusters import Clusters, Member
from shadowmon.evidence.ledger import Counted, Ledger
from shadowmon.evidence.settings import DependenceSettings
from shadowmon.evidence.variance_ratio import VarianceRatio
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Counts,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Scope,
    Worse,
)


class Gate:
    """Counts what is observed of one trial: at once, or when its session is over."""

    def __init__(
        self,
        metrics: Mapping[MetricName, Metric],
        *,
        primary: MetricName,
        settings: DependenceSettings,
    ) -> None:
        self.ledger = Ledger(metrics)
        self.ratio = VarianceRatio()
        """Of the primary metric, in all traffic: of pairs, or of sessions where they count once."""
        self._told: dict[Cell, Counts] = {}
        self._metrics = metrics
        self._primary = primary
        self._clusters = _clusters(metrics, settings) if settings.clusters else None

    def check(self, seen: Observation) -> None:
        """Raise what `count` would raise of this, a ValueError or a KeyError."""
        observed.figures(seen, self._metrics[seen.metric])

    def count(self, pair: Member, observations: Iterable[Observation], now: datetime) -> None:
        """Count what was observed of a pair."""
        at_once: list[Observation] = []
        later: list[Observation] = []
        for seen in observations:
            epochal = self._metrics[seen.metric].scope is Scope.EPOCH
            (later if epochal and self._clusters is not None else at_once).append(seen)
        self._count(pair, at_once)
        if later and self._clusters is not None:
            self._clusters.add(pair, later, now)
            self.close_due(now)

    def close_due(self, now: datetime) -> None:
        """Count the sessions that are over."""
        if self._clusters is not None:
            for session in self._clusters.close_due(now):
                self._count(session, session.observations)

    def close_all(self) -> None:
        """Count every session as it stands, as before a stop."""
        if self._clusters is not None:
            for session in self._clusters.close_all():
                self._count(session, session.observations)

    def take_grown(self) -> dict[Cell, Counts]:
        """Return by how much each account grew since this was last called."""
        grown = {}
        for cell, counts in self.ledger.take_changed().items():
            before = self._told.get(cell, (0,) * len(counts))
            grown[cell] = tuple(new - old for new, old in zip(counts, before, strict=True))
            self._told[cell] = counts
        return grown

    def _count(self, pair: Counted, observations: Sequence[Observation]) -> None:
        self.ledger.count(pair, observations)
        if EVERYTHING in pair.slices:
            for seen in observations:
                if seen.metric == self._primary:
                    self._measure(seen)

    def _measure(self, seen: Observation) -> None:
        for worse in _how_much_worse(self._metrics[seen.metric], seen):
            self.ratio.add(worse)


def _how_much_worse(metric: Metric, seen: Observation) -> Iterator[float]:
    if seen.distance is not None:
        yield seen.distance
    elif seen.baseline is not None and seen.optimized is not None:
        rise = float(seen.optimized) - float(seen.baseline)
        yield -rise if metric.worse is Worse.LOWER else rise


def _clusters(metrics: Mapping[MetricName, Metric], settings: DependenceSettings) -> Clusters:
    return Clusters(
        any_of=[name for name, metric in metrics.items() if metric.kind is MetricKind.VERDICTS],
        idle=timedelta(seconds=settings.idle_seconds),
        lasting=timedelta(seconds=settings.lasting_seconds),
        length_max=settings.length_max,
        open_max=settings.open_max,
    )
