"""
Plain JSON lines, one question each.

    {"id": "q-17", "correct": true}
    {"id": "q-18", "score": 0.82}

Further numbers between 0 and 1 beside `score` are not read: one file, one metric. `score` or
`correct` may be null: the question was skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shadowmon.gates.results.json_files import lines, number_of
from shadowmon.gates.results.measured import Figures, Measured, ResultsError


BENCHMARK = "scores"
_METRICS = ("correct", "score")


def is_scored(told: Mapping[str, Any]) -> bool:
    """Is this a line of scores?"""
    return any(metric in told for metric in _METRICS)


def read_scores(path: Path, text: str) -> Measured:
    """
    Read the scores of one model.

    Raises:
        ResultsError: If a line has no id or no figure in [0, 1], or an id is there twice.

    """
    values: dict[str, float | None] = {}
    metrics: set[str] = set()
    for number, line in lines(path, text):
        where = f"{path}, line {number}"
        question = line.get("id")
        if not isinstance(question, str | int) or isinstance(question, bool):
            msg = f'{where}: has no "id": give each question one, the same for both models'
            raise ResultsError(msg)
        if str(question) in values:
            msg = f'{where}: the id "{question}" was there before'
            raise ResultsError(msg)
        metric = next((each for each in _METRICS if each in line), "score")
        metrics.add(metric)
        values[str(question)] = _figure(line.get(metric), metric, where)
    if len(metrics) != 1:
        msg = f"{path}: give `score` or `correct` in all lines, the same one"
        raise ResultsError(msg)
    figures = {(BENCHMARK, metrics.pop()): Figures(by_question=values, count=len(values))}
    return Measured(origin=str(path), form="lines of scores", figures=figures)


def _figure(value: object, metric: str, where: str) -> float | None:
    if value is None:
        return None
    figure = number_of(value)
    if figure is None or not 0 <= figure <= 1:
        msg = f"{where}: `{metric}` must be true, false or a number from 0 to 1"
        raise ResultsError(msg)
    return figure
