"""
What a trial waits for, and what ends that: for the picture and for `shadowmon explain`.

Pure: the JSON of the API in, lines out. Every text of the API goes through `plain`.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from shadowmon.console.plain import plain


Json: TypeAlias = Mapping[str, Any]

_PHASES: Mapping[str, str] = {
    "benchmark": "waits for its benchmark: shadowmon gate … --post URL --trial {trial}; "
    "or for a person: shadowmon approve {trial} --reason …",
    "side_by_side": "waits for people's comparisons (docs/api.md); "
    "or for a person: shadowmon approve {trial} --reason …",
    "rolled_back": "stays so until a person re-arms it: shadowmon re-arm {trial} --reason …",
}
"""Phases that no pair ends, and what does."""


def waits(trial: Json) -> Iterator[str]:
    """Say all that holds a trial (GET /api/v1/trials/{trial}); nothing if nothing does."""
    if trial["phase"] in _PHASES:
        yield _PHASES[trial["phase"]].format(trial=plain(trial["id"]))
    elif trial["blocked"]:
        yield f"may not climb now: {plain(trial['blocked'])}"
    thin = [
        f"{plain(each['slice'])} ({each['seen_pairs']:,} of {_planned(each)} pairs)"
        for each in trial["coverage"]
        if each["cover"] != "covered"
    ]
    if thin:
        yield f"slices not covered: {', '.join(thin)}"
    for pending in trial["pending"]:
        yield f"not in force, for it is looser: {plain(pending)}"


def _planned(slice_: Json) -> str:
    planned = slice_["planned_pairs"]
    return "∞" if planned is None else f"{math.ceil(planned):,}"
