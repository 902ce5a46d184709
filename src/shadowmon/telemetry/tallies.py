"""
What one process counts, to be told in its reports and shown by the metrics.

A name or a number of labels that no family has is a bug, and raises where it is made. The check
costs nothing after the first time: whatever was counted once has been checked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from shadowmon.ipc.report import Tally
from shadowmon.telemetry.families import BY_NAME, SERIES_TOLD_MAX
from shadowmon.telemetry.family import EXEMPLAR, SUM, Family, Kind


_OVERFLOW = ("metrics_label_overflow_total", ())


class _Histogram:
    """Observations in their buckets."""

    __slots__ = ("bounds", "buckets", "exemplars", "sum")

    def __init__(self, family: Family) -> None:
        self.bounds = family.buckets
        self.buckets = [0] * (len(family.buckets) + 1)
        self.sum = 0.0
        self.exemplars: dict[int, tuple[tuple[str, ...], float]] = {}
        """Bucket -> who was observed in it last, and what."""


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

    def observe(
        self, name: str, *labels: str, value: float, exemplar: tuple[str, ...] = ()
    ) -> None:
        """
        Put a value into its bucket of a histogram.

        Args:
            name: The family's, without the prefix.
            labels: Their values, in the family's order.
            value: What was observed.
            exemplar: Who it was observed of, in the order of the family's `exemplars`; empty:
                nobody shall be told apart.

        Raises:
            ValueError: If no histogram has that name, or so many labels, or such exemplars.

        """
        key = (name, labels)
        found = self._histograms.get(key)
        if found is None:
            if not self._has_room(name, labels, Kind.HISTOGRAM):
                return
            found = self._histograms[key] = _Histogram(BY_NAME[name])
        bucket = bisect_left(found.bounds, value)
        found.buckets[bucket] += 1
        found.sum += value
        if exemplar:
            self._remember(name, found, bucket, (exemplar, value))

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
        """Return the numbers of this moment, the histograms' exemplars among them."""
        gauges = (
            Tally(name=name, labels=labels, value=value)
            for (name, labels), value in self._gauges.items()
        )
        exemplars = (
            Tally(name=name + EXEMPLAR, labels=(*labels, bound, *who), value=value)
            for (name, labels), histogram in self._histograms.items()
            if histogram.exemplars
            for at, bound in enumerate(BY_NAME[name].bounds())
            if at in histogram.exemplars
            for who, value in [histogram.exemplars[at]]
        )
        return (*gauges, *exemplars)

    @staticmethod
    def _remember(
        name: str, histogram: _Histogram, bucket: int, told: tuple[tuple[str, ...], float]
    ) -> None:
        if len(told[0]) != len(BY_NAME[name].exemplars):
            msg = f"{name} has the exemplars {BY_NAME[name].exemplars}; found {told[0]}"
            raise ValueError(msg)
        histogram.exemplars[bucket] = told

    def _has_room(self, name: str, labels: tuple[str, ...], kind: Kind) -> bool:
        """Check what is counted for the first time; False if the family has too many series."""
        family = BY_NAME.get(name)
        if family is None or family.kind is not kind:
            msg = f"no {kind} is called {name}; telemetry/families.py has them all"
            raise ValueError(msg)
        if len(labels) != len(family.labels):
            msg = f"{name} has the labels {family.labels}; found {labels}"
            raise ValueError(msg)
        if self._series[name] + family.series_of_one() > SERIES_TOLD_MAX:
            self._counters[_OVERFLOW] = self._counters.get(_OVERFLOW, 0.0) + 1.0
            return False
        self._series[name] += family.series_of_one()
        return True
