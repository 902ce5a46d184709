"""
What the baseline does today: how often it fails, how often it is wrong, and where.

Measured from a file of its recorded answers, scored as live ones are, or read off a daemon that has
watched it already.
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from shadowmon.cli.client import from_environment
from shadowmon.console.shapes import trial as trial_to_json
from shadowmon.daemon.replay import Replay, drawn, plain_settings, plan_of
from shadowmon.errors import RefusedError
from shadowmon.gates.results.json_files import lines, text_of
from shadowmon.policy.rules import CORRECT, ERROR
from shadowmon.policy.settings import Task
from shadowmon.records import EVERYTHING


Line: TypeAlias = Mapping[str, Any]

_BOTH = ("label", "slices", "question", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The baseline's rates; None where nothing tells."""

    source: str
    answers: int
    error_rate: float | None = None
    """Share of requests that it failed to answer."""
    wrong_rate: float | None = None
    """Share of its answers that the labels contradict."""
    wrong_in: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    """Slice -> answers with a label, and the share of wrong ones; the worst first."""


def measured_from_file(path: Path, *, task: Task, codec: str) -> Measured:
    """
    Score the baseline's own answers: lines of {"id", "answer"} or of recorded pairs.

    Raises:
        ResultsError: If the file cannot be read.
        RefusedError: If a line holds no answer.
        ConfigError: If there is no such codec.

    """
    told = [line for _, line in lines(path, text_of(path))]
    labelled = bool(told) and all(line.get("label") is not None for line in told)
    settings = plain_settings(task=task, codec=codec, expects_labels=labelled)
    replay = Replay(settings, plan_of(settings, None), every=len(told) + 1)
    for number, line in enumerate(told, start=1):
        replay.take(json.dumps(_twice(line)).encode(), file=str(path), number=number)
    for refused in replay.refusals[:1]:
        msg = f"{refused.file}, line {refused.line}: {refused.problem}"
        raise RefusedError(msg)
    figures = trial_to_json(drawn(replay.part()))["figures"]
    return _measured(figures, source=str(path), answers=len(told))


def measured_from_daemon(url: str, *, trial: str) -> Measured:
    """
    Read what a running daemon has measured of a trial's baseline.

    Raises:
        ValueError: If the address is none.
        UnreachableError: If no daemon answers.
        AnsweredNoError: If it has no such trial.

    """
    told = from_environment(url).get("trials", trial)
    return _measured(told["figures"], source=f"{url}, trial {trial}", answers=told["pairs"])


def _twice(line: Line) -> Line:
    """Make a pair of one answer: only the baseline's side of it will be read."""
    answer = line.get("answer", line.get("baseline"))
    both = {key: line[key] for key in _BOTH if line.get(key) is not None}
    return {"id": line.get("id"), "baseline": answer, "optimized": answer, **both}


def _measured(figures: Iterable[Line], *, source: str, answers: int) -> Measured:
    rates = {
        (figure["metric"], figure["slice"]): (figure["count"], figure["baseline_rate"])
        for figure in figures
        if figure["baseline_rate"] is not None
    }
    wrong = {
        name: (count, 1 - rate)
        for (metric, name), (count, rate) in rates.items()
        if metric == CORRECT
    }
    parts = {name: each for name, each in wrong.items() if name != EVERYTHING}
    return Measured(
        source=source,
        answers=answers,
        error_rate=rates.get((ERROR, EVERYTHING), (0, None))[1],
        wrong_rate=wrong.get(EVERYTHING, (0, None))[1],
        wrong_in=dict(sorted(parts.items(), key=lambda item: -item[1][1])),
    )
