"""
What Prometheus scrapes: the families of families.py, filled from one immutable picture.

A collector over a snapshot, in a registry of its own: no label set ever goes stale, nothing is
locked, and a scrape changes nothing. One family that fails costs itself, never the scrape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import structlog

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.samples import Sample

from shadowmon.ipc.board import Board
from shadowmon.telemetry.families import FAMILIES, PREFIX, SERIES_MAX, SUM, Family
from shadowmon.telemetry.readings import READERS, Labels, Readings
from shadowmon.view import DaemonView


_log = structlog.get_logger("shadowmon.telemetry")


class Collector:
    """See `prometheus_client.registry.Collector`."""

    def __init__(
        self,
        snapshot: Callable[[], DaemonView],
        board: Board | None = None,
        *,
        series_max: int = SERIES_MAX,
    ) -> None:
        """
        Remember where to look.

        Args:
            snapshot: Gives the newest picture; asked once a scrape.
            board: Where the data plane counts; None if there is no data plane here.
            series_max: Series of one family; what is beyond them is left out and counted.
        """
        self._snapshot = snapshot
        self._board = board
        self._series_max = series_max
        self._overflowed = 0
        self._unknown = 0
        self._failures = 0
        self._complained: set[str] = set()

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that to register is not to scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return every family, in flow order."""
        readings = self._read()
        for family in FAMILIES:
            try:
                yield self._filled(family, readings)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other families stand
                self._failed(family.name, error)

    def _read(self) -> Readings:
        try:
            view = self._snapshot()
        except Exception as error:  # noqa: BLE001 - without a picture the rest still says so
            self._failed("the picture", error)
            view = None
        readings = Readings(view, self._board)
        for reader in READERS:
            try:
                reader(readings)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other readers stand
                self._failed(reader.__name__, error)
        self._unknown += readings.unknown
        return readings

    def _filled(self, family: Family, readings: Readings) -> Metric:
        numbers = readings.of(family)
        for name, value in (
            ("metrics_label_overflow_total", self._overflowed),
            ("metrics_unknown_samples_total", self._unknown),
            ("metrics_failures_total", self._failures),
        ):
            if family.name == name:
                numbers[()] = numbers.get((), 0.0) + value
        samples = list(_histogram(family, numbers) if family.buckets else _plain(family, numbers))
        shown = self._series_max - self._series_max % _series_of_one(family)
        if len(samples) > shown:
            self._overflowed += len(samples) - shown
            samples = samples[:shown]
            self._complain("telemetry.series_left_out", family.name)
        name = PREFIX + family.name
        metric = Metric(name.removesuffix("_total"), family.sentence, family.kind.value)
        metric.samples = samples
        return metric

    def _failed(self, what: str, error: Exception) -> None:
        self._failures += 1
        self._complain("telemetry.family_failed", what, problem=repr(error))

    def _complain(self, event: str, what: str, **more: str) -> None:
        if what not in self._complained:
            self._complained.add(what)
            _log.error(event, family=what, **more)


def _series_of_one(family: Family) -> int:
    """Return how many series one label set has: a histogram is shown whole or not at all."""
    return len(family.bounds()) + 2 if family.buckets else 1


def _plain(family: Family, numbers: dict[Labels, float]) -> Iterator[Sample]:
    name = PREFIX + family.name
    for labels, value in numbers.items():
        yield Sample(name, _named(family, labels), float(value))


def _histogram(family: Family, numbers: dict[Labels, float]) -> Iterator[Sample]:
    name = PREFIX + family.name
    for labels in dict.fromkeys(labels[:-1] for labels in numbers):
        named = _named(family, labels)
        count = 0.0
        for bound in family.bounds():
            count += numbers.get((*labels, bound), 0.0)
            yield Sample(f"{name}_bucket", {**named, "le": bound}, count)
        yield Sample(f"{name}_count", named, count)
        yield Sample(f"{name}_sum", named, numbers.get((*labels, SUM), 0.0))


def _named(family: Family, labels: Labels) -> dict[str, str]:
    return {
        name: value if value.isascii() else value.encode("utf-8", "replace").decode()
        for name, value in zip(family.labels, labels, strict=True)
    }


def registry_of(collector: Collector) -> CollectorRegistry:
    """Return a registry with this collector and nothing else."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """
    Write the metrics down.

    Args:
        registry: Whose.
        accept: The scrape's Accept header; empty if it has none.

    Returns:
        The bytes and their content type: Prometheus' text format, or OpenMetrics if asked for.

    """
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
