"""
The intervals that pictures show, each found once: at most looks no pair was added to a cell.

Rule: one interval for each figure that is drawn, however long the daemon runs. What a cell held
before is never asked for again, so nothing of it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from shadowmon.evidence.confseq import Interval, interval
from shadowmon.records import Contrast, Counts, Metric, MetricName, SliceName, TrialId


Figured: TypeAlias = tuple[TrialId, MetricName, SliceName, Contrast]
"""Whose figure it is, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that an interval depends on, but for the contrast."""

    metric: Metric
    accounts: tuple[tuple[int, Counts], ...]
    """Sampling rate and counts."""
    alpha: float
    rates: tuple[int, ...]
    """All that may occur, in basis points."""


class Intervals:
    """The newest interval of each figure."""

    def __init__(self) -> None:
        self._found: dict[Figured, tuple[Measured, Interval]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def of(self, figured: Figured, measured: Measured) -> Interval:
        """Return a figure's interval; see `confseq.interval`."""
        was = self._found.get(figured)
        if was is not None and was[0] == measured:
            return was[1]
        found = interval(
            measured.metric,
            figured[-1],
            dict(measured.accounts),
            alpha=measured.alpha,
            rates=measured.rates,
        )
        self._found[figured] = (measured, found)
        return found
