"""
Dotted paths into JSON: `user.email`, `messages[*].name`, `choices[0].text`, `headers.*`. Pure.

A name that meets a list goes on in every item of it: a path that forgot its `[*]` takes out more
than it says rather than less.
"""

from __future__ import annotations

import re

from collections.abc import Callable
from typing import Any


_PATH = re.compile(r"(?:[^.\[\]]+|\[(?:\*|\d+)\])(?:\.[^.\[\]]+|\[(?:\*|\d+)\])*")
_STEP = re.compile(r"[^.\[\]]+")


class FieldPath:
    """One compiled path."""

    def __init__(self, path: str, *, key: str) -> None:
        """
        Args:
            path: The path.
            key: Where it stands in the configuration, for the message.

        Raises:
            ValueError: If it is no path.

        """
        if not _PATH.fullmatch(path):
            msg = f'{key}: "{path}" is not a path such as user.email or messages[*].name'
            raise ValueError(msg)
        self._steps = _STEP.findall(path)

    def replaced(self, value: Any, mark: str) -> Any:  # noqa: ANN401 - JSON is any of six types
        """Return the JSON with whatever the path leads to replaced by `mark`."""
        return _replaced(value, self._steps, mark)


def _replaced(value: Any, steps: list[str], mark: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    if not steps:
        return value if value is None else mark
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        return {
            key: _replaced(item, rest, mark) if step in {key, "*"} else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        if step == "*" or step.isdigit():
            return [
                _replaced(item, rest, mark) if step in {str(place), "*"} else item
                for place, item in enumerate(value)
            ]
        return [_replaced(item, steps, mark) for item in value]
    return value


def texts(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON is any of six types
    """
    Return the JSON with every text in it changed: strings, keys, and numbers as they are written.

    A number stays a number unless its text was changed.
    """
    if isinstance(value, dict):
        return {change(key): texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [texts(item, change) for item in value]
    if isinstance(value, str):
        return change(value)
    if value is None or isinstance(value, bool):
        return value
    written = str(value)
    changed = change(written)
    return value if changed == written else changed
