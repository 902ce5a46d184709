"""
What one process counts, to be told in its reports and shown by the metrics.

A name or a number of labels that no family has is a bug, and raises where it is made. The check
costs nothing after the first time: whatever was counted once has been checked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from shadowmon.ipc.report import Tally
from shadowmon.telemetry.families import BY_NAME, SERIES_MAX, SUM, Family, Kind


_OVERFLOW = ("metrics_label_overflow_total", ())


class _Histogram:
    """Observations in their buckets."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, family: Family) -> None:
        self.bounds = family.buckets
        self.buckets = [0] * (len(family.buckets) + 1)
        self.sum = 0.0


class Tallies:
    """Counters, histograms and gauges of one process. For one thread."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, tuple[str, ...]], float] = {}
        self._histograms: dict[tuple[str, tuple[str, ...]], _Histogram] = {}
        self._gauges: dict[tuple[str, tuple[str, ...]], float] = {}
        self._series: Counter[str] = Counter()

    def add(self, name: str, *labels: str, by: float = 1.0) -> None:
        """
        Count; `by=0` makes the counter exist before anything happened.

        Args:
            name: The family's, without the prefix.
            labels: Their values, in the family's order.
            by: Not negative.

        Raises:
            ValueError: If no counter has that name or so many labels, or `by` is negative.

        """
        if not by >= 0:
            msg = f"{name} is a counter and only grows; found {by}"
            raise ValueError(msg)
        key = (name, labels)
        if key in self._counters:
            self._counters[key] += by
        elif self._has_room(name, labels, Kind.COUNTER):
            self._counters[key] = by

    def observe(self, name: str, *labels: str, value: float) -> None:
        """
        Put a value into its bucket of a histogram.

        Raises:
            ValueError: If no histogram has that name or so many labels.

        """
        key = (name, labels)
        found = self._histograms.get(key)
        if found is None:
            if not self._has_room(name, labels, Kind.HISTOGRAM):
                return
            found = self._histograms[key] = _Histogram(BY_NAME[name])
        found.buckets[bisect_left(found.bounds, value)] += 1
        found.sum += value

    def set(self, name: str, *labels: str, value: float) -> None:
        """
        Remember a gauge's value of this moment.

        Raises:
            ValueError: If no gauge has that name or so many labels.

        """
        key = (name, labels)
        if key in self._gauges or self._has_room(name, labels, Kind.GAUGE):
            self._gauges[key] = value

    def total(self, name: str, *labels: str) -> float:
        """Return the sum of a name's counters whose first labels are these."""
        return sum(
            value
            for (family, values), value in self._counters.items()
            if family == name and values[: len(labels)] == labels
        )

    def snapshot(self) -> tuple[Tally, ...]:
        """
        Return all that only grows.

        A histogram is told as one number for each bucket that is not empty (not cumulative; the
        last label is the upper bound as text), and one for the sum (the last label is `sum`).
        """
        counters = (
            Tally(name=name, labels=labels, value=value)
            for (name, labels), value in self._counters.items()
        )
        histograms = (
            Tally(name=name, labels=(*labels, part), value=value)
            for (name, labels), histogram in self._histograms.items()
            for part, value in zip(
                (*BY_NAME[name].bounds(), SUM), (*histogram.buckets, histogram.sum), strict=True
            )
            if value
        )
        return (*counters, *histograms)

    def gauges(self) -> tuple[Tally, ...]:
        """Return the numbers of this moment."""
        return tuple(
            Tally(name=name, labels=labels, value=value)
            for (name, labels), value in self._gauges.items()
        )

    def _has_room(self, name: str, labels: tuple[str, ...], kind: Kind) -> bool:
        """Check what is counted for the first time; False if the family has too many series."""
        family = BY_NAME.get(name)
        if family is None or family.kind is not kind:
            msg = f"no {kind} is called {name}; telemetry/families.py has them all"
            raise ValueError(msg)
        if len(labels) != len(family.labels):
            msg = f"{name} has the labels {family.labels}; found {labels}"
            raise ValueError(msg)
        if self._series[name] >= SERIES_MAX:
            self._counters[_OVERFLOW] = self._counters.get(_OVERFLOW, 0.0) + 1.0
            return False
        self._series[name] += 1
        return True
