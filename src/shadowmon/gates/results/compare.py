"""
Two models' results side by side, if they can be compared at all.

Rule: a difference in what was asked (questions, prompts, shots, versions) is no difference between
the models. It is refused, each with its own message, and nothing is compared instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shadowmon.gates.results.measured import Figures, Key, Measured, ResultsError
from shadowmon.records import Worse
from shadowmon.trial.benchmark_results import Mean, Paired, Summaries


_SHOWN = 5
_NAME_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked to be compared."""

    benchmarks: Collection[str] = ()
    """Empty: all."""
    metrics: Collection[str] = ()
    """Names with or without their filter; empty: all."""
    worse: Mapping[str, Worse] = field(default_factory=dict)
    """Metric's name -> which way is worse, where the file does not say or is wrong."""

    def has(self, key: Key) -> bool:
        """Is this figure meant?"""
        benchmark, metric = key
        named = {metric, metric.partition(",")[0]}
        return (not self.benchmarks or benchmark in self.benchmarks) and (
            not self.metrics or not named.isdisjoint(self.metrics)
        )

    def way(self, metric: str) -> Worse | None:
        """Return which way a person said is worse."""
        return self.worse.get(metric) or self.worse.get(metric.partition(",")[0])


def compare(
    baseline: Measured, optimized: Measured, wanted: Wanted
) -> tuple[Paired | Summaries, ...]:
    """
    Return what both models have in common.

    Raises:
        ResultsError: If they cannot be compared.

    """
    if baseline.form != optimized.form:
        msg = (
            f"{baseline.origin} is {baseline.form} and {optimized.origin} is {optimized.form}: "
            "give both models' results in the same form"
        )
        raise ResultsError(msg)
    keys = _in_both(baseline, optimized, wanted)
    return tuple(_Two(baseline, optimized, key, wanted).together() for key in keys)


def _in_both(baseline: Measured, optimized: Measured, wanted: Wanted) -> Sequence[Key]:
    ours, theirs = (
        [key for key in each.figures if wanted.has(key)] for each in (baseline, optimized)
    )
    _refuse_missing(wanted.benchmarks, {benchmark for benchmark, _ in ours}, baseline)
    for have, others, lacking in ((ours, theirs, optimized), (theirs, ours, baseline)):
        _refuse_missing({benchmark for benchmark, _ in have}, {each for each, _ in others}, lacking)
    alone = sorted({*ours} ^ {*theirs})
    if alone:
        benchmark, metric = alone[0]
        lacking = optimized if alone[0] in ours else baseline
        msg = (
            f"{lacking.origin}: benchmark {_short(benchmark)} has no metric {_short(metric)}, "
            "which the other has: run both with the same version, or choose with --metric"
        )
        raise ResultsError(msg)
    if not ours:
        there = _listed({metric for _, metric in baseline.figures})
        msg = f"{baseline.origin}: there is no figure to judge; its metrics are: {there}"
        raise ResultsError(msg)
    return ours


def _refuse_missing(asked: Collection[str], there: Collection[str], where: Measured) -> None:
    missing = {*asked} - {*there}
    if missing:
        msg = (
            f"{where.origin}: no results for {_listed(missing)} (there are: {_listed(there)}): "
            "run them for this model too, or choose with --only"
        )
        raise ResultsError(msg)


class _Two:
    """One figure of both models."""

    def __init__(self, baseline: Measured, optimized: Measured, key: Key, wanted: Wanted) -> None:
        self._names = (baseline.origin, optimized.origin)
        self._key = key
        self._figures = (baseline.figures[key], optimized.figures[key])
        self._worse = wanted.way(key[1]) or self._figures[0].worse

    def together(self) -> Paired | Summaries:
        for complaint in (*self._asked_differently(), *self._asked_others()):
            msg = f"{self._key[0]}: {complaint}"
            raise ResultsError(msg)
        if self._worse is None:
            msg = (
                f"{self._names[0]}: {self._key[0]} does not say whether a higher {self._key[1]} is "
                f"better: say --worse {self._key[1].partition(',')[0]}=lower (or higher)"
            )
            raise ResultsError(msg)
        if all(figures.by_question for figures in self._figures):
            return self._paired(self._worse)
        return self._summaries(self._worse)

    def _asked_differently(self) -> Iterator[str]:
        ours, theirs = (figures.conditions for figures in self._figures)
        for what in sorted({*ours, *theirs}):
            if ours.get(what) != theirs.get(what):
                yield (
                    f"different {what}: {ours.get(what, 'none')} in {self._names[0]}, "
                    f"{theirs.get(what, 'none')} in {self._names[1]}: run both alike"
                )

    def _asked_others(self) -> Iterator[str]:
        ours, theirs = self._figures
        if ours.count != theirs.count:
            yield (
                f"unequal n: {ours.count} questions in {self._names[0]}, {theirs.count} in "
                f"{self._names[1]}: run both with the same --limit"
            )
        strange = sorted(ours.by_question.keys() ^ theirs.by_question.keys())
        if strange and ours.by_question and theirs.by_question:
            yield (
                f"{len(strange)} questions are in one file only (such as {_listed(strange)}): run "
                "both on the same questions"
            )
        changed = sorted(
            key
            for key in ours.asked.keys() & theirs.asked.keys()
            if ours.asked[key] != theirs.asked[key]
        )
        if changed:
            yield (
                f"{len(changed)} questions were put differently (such as {_listed(changed)}): use "
                "the same prompts, shots and chat template for both"
            )

    def _paired(self, worse: Worse) -> Paired:
        ours, theirs = (figures.by_question for figures in self._figures)
        both = [
            (figure, other)
            for figure, other in ((ours[key], theirs[key]) for key in ours)
            if figure is not None and other is not None
        ]
        skipped_by_both = sum(ours[key] is None and theirs[key] is None for key in ours)
        return Paired(
            benchmark=self._key[0],
            metric=self._key[1],
            worse=worse,
            baseline=tuple(figure for figure, _ in both),
            optimized=tuple(other for _, other in both),
            missing=len(ours) - len(both) - skipped_by_both,
        )

    def _summaries(self, worse: Worse) -> Summaries:
        means = [
            self._mean(figures, name)
            for figures, name in zip(self._figures, self._names, strict=True)
        ]
        return Summaries(
            benchmark=self._key[0],
            metric=self._key[1],
            worse=worse,
            baseline=means[0],
            optimized=means[1],
            count=self._figures[0].count or 0,
        )

    def _mean(self, figures: Figures, name: str) -> Mean:
        benchmark, metric = self._key
        if figures.mean is None:
            msg = f"{name}: {benchmark} has no {metric} (N/A): the run did not measure it"
            raise ResultsError(msg)
        if figures.error is None:
            msg = (
                f"{name}: {benchmark} has no standard error of {metric} (N/A): run again with "
                "--log_samples and give the folder, or with --bootstrap_iters above 0, or leave "
                "this metric out with --metric"
            )
            raise ResultsError(msg)
        return Mean(value=figures.mean, error=figures.error)


def _listed(names: Collection[str]) -> str:
    shown = [_short(name) for name in sorted(names)[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(shown) or "none") + more


def _short(name: str) -> str:
    """Name something of a file's; a damaged one may call it anything."""
    return name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}…"
