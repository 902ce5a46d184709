"""Counters of all processes, living and dead, added up for the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from shadowmon.ipc.report import Report, Tally
from shadowmon.view import Sample


_Key = tuple[str, tuple[str, ...]]


class Census:
    """
    Sums what workers told last.

    A worker tells totals since its start, so its newest word stands for all it has counted; what a
    worker that died had told stays in the sum. The living ones' gauges are added, too.
    """

    WORKERS_MAX = 64
    """The dead beyond this are added up into one."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[_Key, float]] = {}
        self._gauges: dict[str, dict[_Key, float]] = {}
        self._newest: dict[str, str] = {}

    def take(self, report: Report) -> None:
        """Take in a worker's newest totals."""
        self._newest[_place(report.worker)] = report.worker
        counters = self._counters.setdefault(report.worker, {})
        counters.update({_key(tally): tally.value for tally in report.tallies})
        gauges = self._gauges.setdefault(report.worker, {})
        gauges.update({_key(tally): tally.value for tally in report.gauges})
        for dead in [name for name in self._gauges if self._newest[_place(name)] != name]:
            del self._gauges[dead]
        self._fold()

    def counters(self, own: Iterable[Tally | Sample] = ()) -> tuple[Sample, ...]:
        """Return the sums, with the control process' `own` counters added."""
        return _sum([*self._counters.values(), {_key(tally): tally.value for tally in own}])

    def gauges(self, own: Iterable[Tally | Sample] = ()) -> tuple[Sample, ...]:
        """
        Return the living workers' gauges added up, with the control process' `own`.

        A ratio is not added up: the largest one is told.
        """
        told = [*self._gauges.values(), {_key(tally): tally.value for tally in own}]
        summed = {sample for sample in _sum(told) if not sample.name.endswith("_ratio")}
        largest: dict[_Key, float] = {}
        for gauges in told:
            for key, value in gauges.items():
                if key[0].endswith("_ratio"):
                    largest[key] = max(value, largest.get(key, value))
        ratios = {Sample(name=key[0], labels=key[1], value=value) for key, value in largest.items()}
        return tuple(sorted(summed | ratios, key=lambda sample: (sample.name, sample.labels)))

    def __len__(self) -> int:
        """How many workers live, as far as is known."""
        return len(self._gauges)

    def total(self, name: str, *labels: str) -> float:
        """Return the sum of all counters of a name whose first labels are these."""
        return sum(
            value
            for counters in self._counters.values()
            for (family, values), value in counters.items()
            if family == name and values[: len(labels)] == labels
        )

    def _fold(self) -> None:
        living = set(self._newest.values())
        dead = [name for name in self._counters if name not in living]
        if len(dead) > self.WORKERS_MAX:
            folded = {
                (sample.name, sample.labels): sample.value
                for sample in _sum([self._counters.pop(name) for name in dead])
            }
            self._counters["the dead"] = folded
            self._newest["the dead"] = "the dead"


def _place(worker: str) -> str:
    """A worker's name is its place, a slash, and what tells it from its predecessors there."""
    return worker.partition("/")[0]


def _key(tally: Tally | Sample) -> _Key:
    return tally.name, tally.labels


def _sum(many: Iterable[dict[_Key, float]]) -> tuple[Sample, ...]:
    sums: defaultdict[_Key, float] = defaultdict(float)
    for numbers in many:
        for key, value in numbers.items():
            sums[key] += value
    return tuple(
        Sample(name=name, labels=labels, value=value) for (name, labels), value in sums.items()
    )
