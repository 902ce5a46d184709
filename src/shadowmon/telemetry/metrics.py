"""
What Prometheus scrapes: the families of families.py, filled from one immutable picture.

Made anew from a snapshot each time: no label set ever goes stale, nothing is locked, and a scrape
changes nothing. One family that fails costs itself, never the scrape.
"""

from __future__ import annotations

import threading

from collections.abc import Callable, Iterator
from itertools import islice

import structlog

from prometheus_client.exposition import choose_encoder

from shadowmon.ipc.board import Board
from shadowmon.telemetry.families import FAMILIES, SERIES_MAX
from shadowmon.telemetry.family import Family
from shadowmon.telemetry.lines import Lines
from shadowmon.telemetry.outlook import Outlook
from shadowmon.telemetry.readers import READERS
from shadowmon.telemetry.readings import Numbers, Readings
from shadowmon.view import DaemonView


_log = structlog.get_logger("shadowmon.telemetry")

_END = "# EOF\n"


class Collector:
    """Collects every family; threads wait for one another."""

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
        self._outlook = Outlook()
        self._overflowed = 0
        self._unknown = 0
        self._failures = 0
        self._complained: set[str] = set()
        self._turn = threading.Lock()

    def text(self, *, openmetrics: bool) -> str:
        """Write every family down, in flow order."""
        with self._turn:
            text = "".join(self._texts(Lines(openmetrics=openmetrics)))
        return text + (_END if openmetrics else "")

    def _texts(self, lines: Lines) -> Iterator[str]:
        readings = self._read()
        for family in FAMILIES:
            try:
                numbers = self._shown(family, readings)
                yield lines.of(family, numbers, readings.exemplars_of(family))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other families stand
                self._failed(family.name, error)

    def _read(self) -> Readings:
        try:
            view = self._snapshot()
        except Exception as error:  # noqa: BLE001 - without a picture the rest still says so
            self._failed("the picture", error)
            view = None
        self._outlook.begin()
        readings = Readings(view, self._board, self._outlook)
        for reader in READERS:
            try:
                reader(readings)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other readers stand
                self._failed(reader.__name__, error)
        self._unknown += readings.unknown
        if readings.left_out:
            self._overflowed += readings.left_out
            self._complain("telemetry.series_left_out", "slices")
        return readings

    def _shown(self, family: Family, readings: Readings) -> Numbers:
        """Return a family's numbers, so many of them as are shown."""
        numbers = readings.of(family)
        for name, value in (
            ("metrics_label_overflow_total", self._overflowed),
            ("metrics_unknown_samples_total", self._unknown),
            ("metrics_failures_total", self._failures),
        ):
            if family.name == name:
                numbers[()] = numbers.get((), 0.0) + value
        of_one = family.series_of_one()
        names = dict.fromkeys(labels[:-1] for labels in numbers) if family.buckets else numbers
        shown = self._series_max // of_one
        if len(names) <= shown:
            return numbers
        self._overflowed += (len(names) - shown) * of_one
        self._complain("telemetry.series_left_out", family.name)
        kept = set(islice(names, shown))
        return {
            labels: value
            for labels, value in numbers.items()
            if (labels[:-1] if family.buckets else labels) in kept
        }

    def _failed(self, what: str, error: Exception) -> None:
        self._failures += 1
        self._complain("telemetry.family_failed", what, problem=repr(error))

    def _complain(self, event: str, what: str, **more: str) -> None:
        if what not in self._complained:
            self._complained.add(what)
            _log.error(event, family=what, **more)


def exposition(collector: Collector, accept: str) -> tuple[bytes, str]:
    """
    Write the metrics down.

    Args:
        collector: Whose.
        accept: The scrape's Accept header; empty if it has none.

    Returns:
        The bytes and their content type: Prometheus' text format, or OpenMetrics if asked for.

    """
    _, content_type = choose_encoder(accept)
    openmetrics = content_type.startswith("application/openmetrics-text")
    return collector.text(openmetrics=openmetrics).encode(), content_type
