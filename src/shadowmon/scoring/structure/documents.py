"""An answer as JSON, and the values in it."""

from __future__ import annotations

import json
import re

from collections.abc import Iterator
from typing import Any, TypeAlias

from shadowmon.records import Answer


Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and places in arrays, from the root to a leaf."""

_FENCE = re.compile(r"\A```[a-zA-Z0-9]*\s*\n(.*)\n\s*```\Z", re.DOTALL)
"""A Markdown block that is the whole answer, as chat models like to wrap JSON."""


def document(answer: Answer) -> Any:  # noqa: ANN401 - any JSON
    """Return the answer as JSON; None if it is not, or if its text is a bare string or number."""
    if answer.fields is not None:
        return answer.fields
    text = (answer.text or "").strip()
    if fenced := _FENCE.match(text):
        text = fenced[1].strip()
    return parsed(text) if text.startswith(("{", "[")) else None


def parsed(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what a JSON text says; None if it is not JSON, and also if it is `null`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # nested too deep to be meant
        return None


def leaves(document: Any) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - any JSON
    """Yield every leaf with its path; an empty object or array is a leaf. At least one."""
    waiting: list[tuple[Path, Any]] = [((), document)]
    while waiting:  # a stack of our own: JSON may be nested deeper than Python calls
        path, node = waiting.pop()
        if isinstance(node, dict) and node:
            waiting += [((*path, str(key)), child) for key, child in node.items()]
        elif isinstance(node, list | tuple) and node:
            waiting += [((*path, place), child) for place, child in enumerate(node)]
        else:
            yield path, node
