"""
Results of EleutherAI's lm-evaluation-harness: 0.4 and later, and the means of 0.3.

`results_<time>.json` has `results.<task>."<metric>,<filter>"` and `"<metric>_stderr,<filter>"` (a
number or "N/A"), `n-samples`, `n-shot`, `versions`, `higher_is_better`, `group_subtasks` and, if
samples were logged, `task_hashes`. `samples_<task>_<time>.jsonl` beside it has one line for each
question and filter: `doc_hash`, `prompt_hash`, `target_hash`, `filter`, and the metrics' values. Of
a metric that is no mean over questions (a corpus' F1, say) a value is whatever its aggregation
needs: such a metric has no figures by question. In 0.3 a metric has no filter.

Samples pair both models question by question, which the two means cannot: they are used where they
are there.
"""

from __future__ import annotations

import re

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shadowmon.gates.results.json_files import lines, number_of, objects, text_of
from shadowmon.gates.results.measured import Figures, Key, Measured, ResultsError
from shadowmon.records import Worse


FORM = "results of lm-evaluation-harness"

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<time>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl$")
_RESULTS = re.compile(r"results_(?P<time>\d{4}-\d\d-\d\dT[\d.:-]+)\.json$")

_UNNAMED = "samples"
"""The benchmark of samples whose file's name does not tell it: the same for both models."""
_NO_METRIC = frozenset({"alias", "name", "sample_len", "sample_count"})
_WORSE: Mapping[object, Worse] = {True: Worse.LOWER, False: Worse.HIGHER}
_NOT_MEASURED = frozenset({"doc_id"})
_GOOD = frozenset({"acc", "acc_norm", "exact_match", "em", "f1", "mc1", "mc2", "mcc"})
"""A samples file does not say which way is worse; of these everybody knows."""
_PASS_AT = re.compile(r"pass@\d+")
"""Results call its way `pass_at_k`, whatever k is."""


def is_results(told: Mapping[str, Any]) -> bool:
    """Is this the content of a results file?"""
    return bool(objects(told.get("results"))) and "versions" in told


def is_sample(told: Mapping[str, Any]) -> bool:
    """Is this a line of a samples file?"""
    return "doc_hash" in told or {"doc_id", "filtered_resps"} <= told.keys()


def newest(folder: Path) -> Path:
    """
    Return the newest results file in a folder and the folders below it.

    Raises:
        ResultsError: If there is none.

    """
    found = [path for path in folder.rglob("results_*.json") if _RESULTS.search(path.name)]
    if not found:
        msg = f"{folder}: has no results_<time>.json: name the file itself"
        raise ResultsError(msg)
    return max(found, key=lambda path: path.name)


def read_results(path: Path, told: Mapping[str, Any]) -> Measured:
    """
    Read a results file, and the samples beside it.

    Raises:
        ResultsError: If a samples file cannot be read.

    """
    figures = dict(_summaries(told))
    for task, samples in _beside(path):
        for key, sampled in read_samples(samples, text_of(samples), task=task).figures.items():
            if key in figures:
                figures[key] = _with_samples(figures[key], sampled)
    return Measured(origin=str(path), form=FORM, figures=figures)


def _with_samples(summary: Figures, sampled: Figures) -> Figures:
    return replace(
        summary, by_question=sampled.by_question, asked=sampled.asked, count=sampled.count
    )


def _summaries(told: Mapping[str, Any]) -> Iterator[tuple[Key, Figures]]:
    tasks = objects(told.get("results"))
    for task in _top(told, tasks):
        for word, value in tasks[task].items():
            metric, _, name = word.partition(",")
            if word in _NO_METRIC or metric.endswith("_stderr"):
                continue
            better = objects(told.get("higher_is_better")).get(task, {}).get(metric)
            filtered = f",{name}" if name else ""
            yield (
                (task, word),
                Figures(
                    worse=_WORSE.get(better) or _known_way(metric),
                    mean=number_of(value),
                    error=number_of(tasks[task].get(f"{metric}_stderr{filtered}")),
                    count=_count(told, task),
                    conditions=dict(_conditions(told, task)),
                ),
            )


def _known_way(metric: str) -> Worse | None:
    return Worse.LOWER if metric in _GOOD or _PASS_AT.fullmatch(metric) else None


def _top(told: Mapping[str, Any], tasks: Mapping[str, Any]) -> Sequence[str]:
    """Return the tasks that are no part of a group whose own figure is there."""
    groups = told.get("group_subtasks")
    groups = groups if isinstance(groups, Mapping) else {}
    parts = {
        part
        for group, those in groups.items()
        if isinstance(those, list) and any("," in word for word in tasks.get(group, {}))
        for part in those
    }
    return [task for task in tasks if task not in parts]


def _count(told: Mapping[str, Any], task: str) -> int | None:
    """Return the number of questions; of a group, of all its tasks."""
    counts = objects(told.get("n-samples"))
    if task in counts:
        effective = number_of(counts[task].get("effective"))
        return None if effective is None else int(effective)
    groups = told.get("group_subtasks")
    parts = groups.get(task, []) if isinstance(groups, Mapping) else []
    found = [each for each in (_count(told, part) for part in parts) if each is not None]
    return sum(found) if found else None


def _conditions(told: Mapping[str, Any], task: str) -> Iterator[tuple[str, str]]:
    for key, what in (
        ("versions", "task version"),
        ("n-shot", "n-shot"),
        ("task_hashes", "task hash"),
    ):
        each = told.get(key)
        if isinstance(each, Mapping) and task in each:
            yield what, str(each[task])
    if told.get("chat_template_sha"):
        yield "chat template", str(told["chat_template_sha"])


def _beside(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield each samples file of the same run, with its task."""
    run = _RESULTS.search(path.name)
    if run is None:
        return
    for each in sorted(path.parent.glob(f"samples_*_{run['time']}.jsonl")):
        named = _SAMPLES.search(each.name)
        if named is not None:
            yield named["task"], each


# --- samples ---------------------------------------------------------------


def read_samples(path: Path, text: str, *, task: str | None = None) -> Measured:
    """
    Read a samples file. What it says may be no figures at all: see the module's own words.

    Args:
        path: Where it lies; its name tells the task if `task` is not given.
        text: Its content.
        task: Of which task it is.

    Raises:
        ResultsError: If a line is no sample.

    """
    named = _SAMPLES.search(path.name)
    benchmark = task or (named["task"] if named else _UNNAMED)
    values: dict[str, dict[str, float | None]] = {}
    asked: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for number, line in lines(path, text):
        if not is_sample(line):
            msg = f"{path}, line {number}: is no sample of lm-evaluation-harness (no doc_hash)"
            raise ResultsError(msg)
        name = str(line.get("filter", "none"))
        question = str(line.get("doc_hash") or line["doc_id"])
        seen[f"{name} {question}"] += 1
        again = seen[f"{name} {question}"]  # the same question may be asked twice
        question += f" #{again}" if again > 1 else ""
        asked[question] = f"{line.get('prompt_hash', '')} {line.get('target_hash', '')}"
        for metric in _metrics(line):
            values.setdefault(f"{metric},{name}", {})[question] = number_of(line[metric])
    figures = {
        (benchmark, metric): Figures(
            worse=_known_way(metric.partition(",")[0]),
            by_question=each,
            asked=asked,
            count=len(each),
        )
        for metric, each in values.items()
        if all(value is not None and 0 <= value <= 1 for value in each.values())
    }
    return Measured(origin=str(path), form="samples of lm-evaluation-harness", figures=figures)


def _metrics(line: Mapping[str, Any]) -> Sequence[str]:
    named = line.get("metrics")
    if isinstance(named, list):
        return [metric for metric in named if metric in line]
    return [key for key, value in line.items() if key not in _NOT_MEASURED and _is_number(value)]


def _is_number(value: object) -> bool:
    return number_of(value) is not None
