"""
Run the chosen scorers over one pair; one that fails loses its own observations, no other.

What a scorer returns is checked here, once, so that everything behind the panel may rely on it: a
single distance beyond [0, 1] would void the guarantee of all evidence that it is counted in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair, Score
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
            else:
                if problem:
                    failures[name] = problem
                else:
                    observations += map(_plain, found)
        return Score(pair=pair, observations=tuple(observations), scorer_failures=failures)


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
        if problem := _malformed(declared[each.metric].kind, each):
            return f'of the metric "{each.metric}": {problem}'
    return ""


def _malformed(kind: MetricKind, each: Observation) -> str:
    """Return why an observation is not exactly one of the forms that its metric's kind allows."""
    verdicts: tuple[object, ...] = (each.baseline, each.optimized)
    distance: object = each.distance
    missing: object = each.missing
    if not isinstance(missing, str):
        return "what is missing must be said in a word"
    if missing:
        alone = (*verdicts, distance) == (None, None, None)
        return "" if alone else "a missing observation has nothing beside the reason"
    if kind is MetricKind.VERDICTS:
        right = all(isinstance(verdict, bool) for verdict in verdicts) and distance is None
        return "" if right else "verdicts need True or False for both models, and no distance"
    if verdicts != (None, None) or not _is_number(distance):
        return "a divergence needs a distance, a number, and no verdicts"
    if not 0 <= distance <= 1:  # nor is a NaN
        return f"distance ({distance}) must be in the interval [0, 1]"
    return ""


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(each: Observation) -> Observation:
    """Return it with a distance of the type that it is sent by; a stranger's may be numpy's."""
    return each if each.distance is None else replace(each, distance=float(each.distance))


def _where(error: Exception) -> str:
    """Name the error and its line; not its message, which may quote an answer."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} in {file}, line {trace.tb_lineno}"
