"""Which of the formats is this file, and what does it say?"""

from __future__ import annotations

import json

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shadowmon.gates.results import lm_eval, promptfoo
from shadowmon.gates.results.json_files import lines, text_of
from shadowmon.gates.results.junit import read_junit
from shadowmon.gates.results.measured import Measured, ResultsError
from shadowmon.gates.results.score_lines import is_scored, read_scores


def read_measured(path: Path) -> Measured | None:
    """
    Read a result file, or a folder of lm-evaluation-harness.

    Returns:
        None if it holds answers (JSON lines), which have to be scored first.

    Raises:
        ResultsError: If it cannot be read, or is none of the formats.

    """
    if path.is_dir():
        path = lm_eval.newest(path)
    text = text_of(path)
    if text.lstrip().startswith("<"):
        return read_junit(path, text)
    told = _whole(text)
    if told is not None and lm_eval.is_results(told):
        return lm_eval.read_results(path, told)
    if told is not None and promptfoo.is_results(told):
        return promptfoo.read_results(path, told)
    _refuse_half_a_file(path, text)
    _, first = next(lines(path, text), (0, None))
    if first is None:
        msg = f"{path}: is empty"
        raise ResultsError(msg)
    if lm_eval.is_sample(first):
        return _not_empty(lm_eval.read_samples(path, text))
    if is_scored(first):
        return read_scores(path, text)
    if "answer" in first:
        return None
    msg = (
        f"{path}: is none of the formats that are read: lm-evaluation-harness (results, samples), "
        'promptfoo, JUnit, JSON lines of {"id", "score"}, {"id", "correct"} or {"id", "answer"}'
    )
    raise ResultsError(msg)


def _not_empty(samples: Measured) -> Measured:
    if not samples.figures:
        msg = (
            f"{samples.origin}: none of its metrics is a number from 0 to 1 for each question: "
            "give the results file, which has their means"
        )
        raise ResultsError(msg)
    return samples


def _refuse_half_a_file(path: Path, text: str) -> None:
    """Tell of one JSON over many lines that breaks off, before it is taken for JSON lines."""
    if text.lstrip().partition("\n")[0].strip() not in {"{", "["}:
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"{path}: is no JSON: {error}: was it written to its end?"
        raise ResultsError(msg) from error


def _whole(text: str) -> Mapping[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, Mapping) else None
