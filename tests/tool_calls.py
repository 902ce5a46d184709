"""Tool calls made of lists of what is allowed (tests/data/bfcl): the right ones, and wrong ones."""

from __future__ import annotations

import json

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from shadowmon.records import ToolCall


Allowed: TypeAlias = Mapping[str, Mapping[str, Sequence[Any]]]
"""One call: its name -> argument -> the values that are right; an empty string among them says that
it may be left out. Within an object each value is again a list of what is right."""


def read_allowed(file: Path) -> list[list[Allowed]]:
    """Return the allowed calls of each line."""
    return [json.loads(line)["ground_truth"] for line in file.read_text("utf-8").splitlines()]


def ask_of(allowed: Sequence[Allowed]) -> str:
    """Name a case for pytest."""
    return "+".join(name for each in allowed for name in each)


def gold(allowed: Sequence[Allowed], *, short: bool = False) -> list[ToolCall]:
    """Return the right calls: the first right value of each argument; short: of what must be."""
    return [
        ToolCall(name=name, arguments=_values(arguments, short=short))
        for each in allowed
        for name, arguments in each.items()
    ]


def damaged(allowed: Sequence[Allowed]) -> Iterator[list[ToolCall]]:
    """Yield the right calls with one thing wrong."""
    first, *rest = gold(allowed, short=True)
    yield rest
    yield [first, first, *rest]
    yield [replace(first, name=f"{first.name}_"), *rest]
    yield [replace(first, arguments=None), *rest]
    yield [replace(first, arguments={**first.arguments, "no_such": 1}), *rest]
    for name, value in first.arguments.items():
        others = {key: each for key, each in first.arguments.items() if key != name}
        yield [replace(first, arguments=others), *rest]
        yield [replace(first, arguments={**others, name: mistyped(value)}), *rest]


def mistyped(value: Any) -> Any:
    """Return the value as another type."""
    return [value] if isinstance(value, str | list) else json.dumps(value)


def _values(allowed: Any, *, short: bool) -> Any:
    return {
        name: _value(next(each for each in values if each != ""), short=short)
        for name, values in allowed.items()
        if not (short and "" in values) and any(each != "" for each in values)
    }


def _value(allowed: Any, *, short: bool) -> Any:
    if isinstance(allowed, dict):
        return _values(allowed, short=short)
    if isinstance(allowed, list):
        return [_value(each, short=short) for each in allowed]
    return allowed
