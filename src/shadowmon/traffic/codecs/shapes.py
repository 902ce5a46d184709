"""
What stands where in a stranger's JSON object, for what a format can do without: another shape than
it should have is as good as nothing. (What it cannot do without is read by `parts.json_object` and
`parts.json_list`, which refuse.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def inner(found: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the object that these keys lead to, one after the other; empty if there is none."""
    value: object = found
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list; none if it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(found: Mapping[str, Any], key: str) -> str:
    """Return the string at this key; empty if there is none."""
    value = found.get(key)
    return value if isinstance(value, str) else ""
