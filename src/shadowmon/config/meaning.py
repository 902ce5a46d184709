"""
What observations of a trial mean, by the settings that say so (config/meaning_keys.py).

What was counted under one meaning cannot be added to what is counted under another: a changed
setting opens a new epoch of every trial that it concerns (trial/meaning.py). A limit is no such
setting: it says what is asked of observations (policy/loosening.py).

Rule: defaults are told too: a version of shadowmon with another default means something else.
"""

from __future__ import annotations

import json

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from shadowmon.config.keys import KeyPath, spelled, written
from shadowmon.config.meaning_keys import MEANING
from shadowmon.config.measures import assessors_of
from shadowmon.config.settings import Settings


def meaning_of(settings: Settings, trial_id: str) -> dict[str, str]:
    """
    Return what observations of a trial mean: each key -> a digest of its value.

    Keys of the trial's own are written from there (`labels.expected`). A slice is one key. A value
    is told by its digest alone, for this is kept and shown.

    Args:
        settings: All of them.
        trial_id: A trial of theirs.

    """
    trial = settings.trials[trial_id]
    assessors = assessors_of(settings, trial)
    concerned: Mapping[str | int, Collection[str]] = {
        "models": (settings.routes[trial.route].baseline, trial.optimized),
        "routes": (trial.route,),
        "trials": (trial_id,),
        "assessors": assessors,
    }
    found: dict[str, Any] = {"assessors": sorted(assessors)}
    for path, value in _values(settings):
        if path[0] in concerned and path[1] not in concerned[path[0]]:
            continue
        if not covers(MEANING, path):
            continue
        if path[:2] == ("traffic", "slices"):
            found.setdefault(written(path[:3]), {})[path[3]] = value
        else:
            found[_key(path)] = _on_route(value, trial.route)
    return {key: _digest(value) for key, value in sorted(found.items())}


def covers(table: Collection[str], path: KeyPath) -> list[str]:
    """Return the keys of a table that a setting is at, or below."""
    return [key for key in table if _is_below(path, key.split("."))]


def _is_below(path: KeyPath, key: Sequence[str]) -> bool:
    alike = (mine in {"*", step} for mine, step in zip(key, path, strict=False))
    return len(path) >= len(key) and all(alike)


def _values(here: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Walk through all single values; a list is one of them."""
    match here:
        case BaseModel():
            for name in type(here).model_fields:
                yield from _values(getattr(here, name), (*path, name))
        case dict() if any(isinstance(each, BaseModel) for each in here.values()):
            for name, value in here.items():
                yield from _values(value, (*path, name))
        case _:
            yield path, here


def _key(path: KeyPath) -> str:
    return written(path[2:] if path[0] == "trials" else path)


def _on_route(value: object, route: str) -> object:
    """Return a list without what is about other routes."""
    if not isinstance(value, tuple):
        return value
    return [each for each in value if getattr(each, "route", route) == route]


def _digest(value: object) -> str:
    spelt = spelled(value, lambda leaf, _: leaf)
    return sha256(json.dumps(spelt, sort_keys=True).encode()).hexdigest()[:16]
