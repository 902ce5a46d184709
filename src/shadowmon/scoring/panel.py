"""
Run the chosen scorers over one pair; one that fails loses its own observations, no other.

What a scorer returns is checked here, once, so that everything behind the panel may rely on it: a
single distance beyond its range would void the guarantee of all evidence that it is counted in.

Rule: whatever a scorer could not say of a pair is missing, and evidence takes the missing for the
worst. A model whose bad answers break a scorer has not escaped it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair, Scope, Score
from shadowmon.scoring.readable import readable
from shadowmon.scoring.scorer import Scorer


class Panel:
    """The scorers of one trial."""

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        """
        Take the scorers, by the names that they are configured by.

        Raises:
            ValueError: If two of them declare a metric of the same name.

        """
        self._scorers = dict(scorers)
        self._metrics: dict[MetricName, Metric] = {}
        owners: dict[MetricName, str] = {}
        for name, scorer in self._scorers.items():
            for metric in scorer.metrics:
                if metric.name in owners:
                    msg = (
                        f'scorers "{owners[metric.name]}" and "{name}" both declare the metric'
                        f' "{metric.name}": use one of them'
                    )
                    raise ValueError(msg)
                owners[metric.name] = name
                self._metrics[metric.name] = metric

    @property
    def metrics(self) -> Mapping[MetricName, Metric]:
        """Every metric that a pair may be observed by."""
        return self._metrics

    def score(self, pair: Pair) -> Score:
        """
        Return what all scorers say about the pair, in their order.

        Raises:
            MemoryError: If a scorer ran out of memory: the process is not to be trusted after it.

        """
        observations: list[Observation] = []
        failures: dict[str, str] = {}
        for name, scorer in self._scorers.items():
            try:
                found = scorer.score(pair)
                problem = complaint(scorer.metrics, found)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a stranger's scorer may raise
                failures[name] = _where(error)
                observations += unscored(scorer.metrics, pair, "scorer_failed")
            else:
                if problem:
                    failures[name] = problem
                    observations += unscored(scorer.metrics, pair, "bad_score")
                else:
                    observations += map(_plain, found)
        return Score(pair=pair, observations=tuple(observations), scorer_failures=failures)


def unscored(metrics: Iterable[Metric], pair: Pair, why: str) -> Iterator[Observation]:
    """Say of every metric that could apply to the pair that it is missing, and why, in a word."""
    for metric in metrics:
        if metric.scope is Scope.STAGE or readable(pair.baseline) is not None:
            yield Observation(metric=metric.name, missing=why)


def complaint(metrics: Sequence[Metric], observations: object) -> str:
    """Return what is wrong with what a scorer observed; empty if nothing is."""
    if isinstance(observations, str | bytes) or not isinstance(observations, Sequence):
        return f"it returned a {type(observations).__name__}, not a sequence of observations"
    declared = {metric.name: metric for metric in metrics}
    seen: set[MetricName] = set()
    for each in observations:
        if not isinstance(each, Observation):
            return f"it returned a {type(each).__name__} among its observations"
        if each.metric not in declared:
            return f'it does not declare the metric "{each.metric}"'
        if each.metric in seen:
            return f'it observed the metric "{each.metric}" twice'
        seen.add(each.metric)
        if problem := _malformed(declared[each.metric], each):
            return f'of the metric "{each.metric}": {problem}'
    return ""


def _malformed(metric: Metric, each: Observation) -> str:
    """Return why an observation is not exactly one of the forms that its metric's kind allows."""
    missing: object = each.missing
    if not isinstance(missing, str):
        return "what is missing must be said in a word"
    if missing:
        alone = (each.baseline, each.optimized, each.distance) == (None, None, None)
        return "" if alone else "a missing observation has nothing beside the reason"
    return _MISFITS[metric.kind](metric, each)


def _no_verdicts(_: Metric, each: Observation) -> str:
    both = isinstance(each.baseline, bool) and isinstance(each.optimized, bool)
    right = both and each.distance is None
    return "" if right else "verdicts need True or False for both models, and no distance"


def _no_scores(_: Metric, each: Observation) -> str:
    if not _is_number(each.baseline) or not _is_number(each.optimized) or each.distance is not None:
        return "scores need a number for both models, and no distance"
    return _outside("baseline", each.baseline, 0, 1) or _outside("optimized", each.optimized, 0, 1)


def _no_divergence(metric: Metric, each: Observation) -> str:
    if (each.baseline, each.optimized) != (None, None) or not _is_number(each.distance):
        return "a divergence needs a distance, a number, and no verdicts"
    return _outside("distance", each.distance, metric.lower, metric.upper)


_MISFITS: Mapping[MetricKind, Callable[[Metric, Observation], str]] = {
    MetricKind.VERDICTS: _no_verdicts,
    MetricKind.SCORES: _no_scores,
    MetricKind.DIVERGENCE: _no_divergence,
}


def _outside(name: str, value: float, lower: float, upper: float) -> str:
    if lower <= value <= upper:  # a NaN is not
        return ""
    return f"{name} ({value}) must be in the interval [{lower:g}, {upper:g}]"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(each: Observation) -> Observation:
    """Return it with figures of the type that they are sent by; a stranger's may be numpy's."""
    if type(each.distance) is float:  # nearly always
        return each
    if each.distance is not None:
        return replace(each, distance=float(each.distance))
    if each.baseline is None or each.optimized is None or isinstance(each.baseline, bool):
        return each
    return replace(each, baseline=float(each.baseline), optimized=float(each.optimized))


def _where(error: Exception) -> str:
    """Name the error and its line; not its message, which may quote an answer."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} in {file}, line {trace.tb_lineno}"
