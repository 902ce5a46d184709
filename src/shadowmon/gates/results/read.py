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
    _, first = next(lines(path, text), (0, None))
    if first is None:
        msg = f"{path}: is empty"
        raise ResultsError(msg)
    if lm_eval.is_sample(first):
        return lm_eval.read_samples(path, text)
    if is_scored(first):
        return read_scores(path, text)
    if "answer" in first:
        return None
    msg = (
        f"{path}: is none of the formats that are read: lm-evaluation-harness (results, samples), "
        'promptfoo, JUnit, JSON lines of {"id", "score"}, {"id", "correct"} or {"id", "answer"}'
    )
    raise ResultsError(msg)


def _whole(text: str) -> Mapping[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, Mapping) else None
