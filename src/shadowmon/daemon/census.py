"""Counters of all processes, living and dead, added up for the metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from shadowmon.ipc.report import Report, Tally
from shadowmon.telemetry.families import BY_NAME
from shadowmon.telemetry.family import EXEMPLAR
from shadowmon.view import Sample


_Key = tuple[str, tuple[str, ...]]


class Census:
    """
    Sums what workers told last.

    A worker tells totals since its start, so its newest word stands for all it has counted; what a
    worker that died had told stays in the sum. The living ones' gauges are added, too.

    What is held is bounded: an exemplar is told under another pair's id each time, and the newest
    of its bucket replaces the one before.
    """

    WORKERS_MAX = 64
    """The dead beyond this are added up into one."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[_Key, float]] = {}
        self._gauges: dict[str, dict[_Key, Tally]] = {}
        self._newest: dict[str, str] = {}
        self._heard: dict[str, float] = {}
        """Place -> when whoever is there told something last."""

    def take(self, report: Report) -> None:
        """Take in a worker's newest totals."""
        self._newest[_place(report.worker)] = report.worker
        counters = self._counters.setdefault(report.worker, {})
        counters.update({_key(tally): tally.value for tally in report.tallies})
        gauges = self._gauges.setdefault(report.worker, {})
        gauges.update({_standing(tally): tally for tally in report.gauges})
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
        told = [
            {_key(tally): tally.value for tally in tallies}
            for tallies in [*(gauges.values() for gauges in self._gauges.values()), own]
        ]
        summed = {sample for sample in _sum(told) if not sample.name.endswith("_ratio")}
        largest: dict[_Key, float] = {}
        for gauges in told:
            for key, value in gauges.items():
                if key[0].endswith("_ratio"):
                    largest[key] = max(value, largest.get(key, value))
        ratios = {Sample(name=key[0], labels=key[1], value=value) for key, value in largest.items()}
        return tuple(sorted(summed | ratios, key=lambda sample: (sample.name, sample.labels)))

    def by_worker(self, name: str) -> Mapping[tuple[str, ...], Sequence[float]]:
        """Return what each living worker tells by a gauge of this name, by its labels."""
        told: dict[tuple[str, ...], list[float]] = {}
        for tally in chain.from_iterable(gauges.values() for gauges in self._gauges.values()):
            if tally.name == name:
                told.setdefault(tally.labels, []).append(tally.value)
        return told

    def hear(self, worker: str, now: float) -> None:
        """Note a worker's sign of life, at `now` on a monotonic clock."""
        self._heard[_place(worker)] = now

    def alive(self, since: float) -> int:
        """Count the workers that gave a sign of life since then."""
        return sum(at >= since for at in self._heard.values())

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


def _standing(gauge: Tally) -> _Key:
    """Return what a newer value takes the place of: an exemplar's bucket, whatever its pair."""
    family = BY_NAME.get(gauge.name.removesuffix(EXEMPLAR))
    if family is None or not gauge.name.endswith(EXEMPLAR):
        return _key(gauge)
    return gauge.name, gauge.labels[: len(family.labels) + 1]


def _sum(many: Iterable[dict[_Key, float]]) -> tuple[Sample, ...]:
    sums: defaultdict[_Key, float] = defaultdict(float)
    for numbers in many:
        for key, value in numbers.items():
            sums[key] += value
    return tuple(
        Sample(name=name, labels=labels, value=value) for (name, labels), value in sums.items()
    )
