"""
Results of promptfoo (`promptfoo eval -o results.json`, or what its `evaluate()` returns).

`results.results`, or `results` itself, is a list, one entry for each test, prompt and provider:
`testIdx`, `promptIdx`, `vars`, `success`, `score`. A test whose provider failed is a failed test.

Variables that begin with an underscore are promptfoo's own: `_conversation` holds what the model
said before, which is no part of the question.
"""

from __future__ import annotations

import json

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from shadowmon.gates.results.json_files import number_of
from shadowmon.gates.results.measured import Figures, Measured, ResultsError


BENCHMARK = "promptfoo"


def is_results(told: Mapping[str, Any]) -> bool:
    """Is this the content of a results file?"""
    return "success" not in told and isinstance(_entries(told), list)


def _entries(told: Mapping[str, Any]) -> object:
    results = told.get("results")
    return results.get("results") if isinstance(results, Mapping) else results


def read_results(path: Path, told: Mapping[str, Any]) -> Measured:
    """
    Read the results of one provider.

    Raises:
        ResultsError: If there is no result, more than one provider, or an entry is no result.

    """
    entries: Any = _entries(told)
    if not entries:
        msg = f"{path}: has no results: export them (promptfoo export eval latest -o results.json)"
        raise ResultsError(msg)
    if not all(isinstance(each, Mapping) and "success" in each for each in entries):
        msg = f"{path}: an entry of results.results has no `success`"
        raise ResultsError(msg)
    providers = sorted({_provider(each) for each in entries})
    if len(providers) != 1:
        msg = (
            f"{path}: has {len(providers)} providers ({', '.join(providers)}): write each model's "
            "results to a file of its own (promptfoo eval --filter-providers)"
        )
        raise ResultsError(msg)
    success: dict[str, float | None] = {}
    score: dict[str, float | None] = {}
    asked: dict[str, str] = {}
    for place, entry in enumerate(entries):
        key = f"test {entry.get('testIdx', place)}, prompt {entry.get('promptIdx', 0)}"
        if key in success:
            key += f" #{place}"
        success[key] = float(bool(entry["success"]))
        score[key] = number_of(entry.get("score"))
        asked[key] = _digest(entry.get("vars"))
    return Measured(
        origin=str(path), form="results of promptfoo", figures=_figures(success, score, asked)
    )


def _figures(
    success: Mapping[str, float | None],
    score: Mapping[str, float | None],
    asked: Mapping[str, str],
) -> Mapping[tuple[str, str], Figures]:
    """Return the share of successes; and the scores, where they say more."""
    figures = {
        (BENCHMARK, "success"): Figures(by_question=success, asked=asked, count=len(success))
    }
    if _says_more(list(score.values())):
        figures[BENCHMARK, "score"] = Figures(by_question=score, asked=asked, count=len(score))
    return figures


def _says_more(scores: Sequence[float | None]) -> bool:
    known = [score for score in scores if score is not None]
    return (
        len(known) == len(scores)
        and all(0 <= score <= 1 for score in known)
        and not {*known} <= {0.0, 1.0}
    )


def _provider(entry: Mapping[str, Any]) -> str:
    provider = entry.get("provider")
    if not isinstance(provider, Mapping):
        return str(provider)
    # Two that share an id are told apart by their labels, which are empty if nobody gave them.
    return str(provider.get("label") or provider.get("id"))


def _digest(variables: object) -> str:
    if isinstance(variables, Mapping):
        variables = {key: each for key, each in variables.items() if not key.startswith("_")}
    return sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()
