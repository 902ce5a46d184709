"""
Are tool calls the right ones? Held against a list of the calls that are allowed.

The form and the sense are those of the Berkeley Function Calling Leaderboard (S. Patil et al.,
"The Berkeley Function Calling Leaderboard", ICML 2025): for each call one name, and for each
argument the list of the values that are right; an empty string in the list says that the argument
may be left out. Within an object each value is again a list of what is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from shadowmon.records import ToolCall
from shadowmon.scoring.structure.tools import shared


Allowed: TypeAlias = Mapping[str, Mapping[str, Sequence[Any]]]
"""One call: its name -> argument -> the values that are right."""

_LEFT_OUT = ""
_LAYOUT = str.maketrans({**dict.fromkeys(" ,./-_*^", ""), "'": '"'})
"""What makes no difference between two strings there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstAllowed:
    """What of one answer's calls is right."""

    exact: bool
    """Is every call right, and none missing and none too many?"""
    score: float
    """In [0, 1]: half of each call is its name, half the share of its arguments that are right."""


def against_allowed(calls: Sequence[ToolCall], allowed: Sequence[Allowed]) -> AgainstAllowed:
    """Hold an answer's calls, in whatever order, against the calls that are allowed."""
    score = shared(calls, allowed, _likeness)
    return AgainstAllowed(exact=score == 1.0, score=score)


def _likeness(call: ToolCall, allowed: Allowed) -> float:
    if call.name not in allowed:
        return 0.0
    return (1 + _arguments(call.arguments, allowed[call.name])) / 2


def _arguments(found: object, allowed: Mapping[str, Sequence[Any]]) -> float:
    """Return the share of arguments that are right, of those given and those that must be."""
    if not isinstance(found, dict):
        return 0.0
    asked = {name for name, values in allowed.items() if _LEFT_OUT not in values} | found.keys()
    if not asked:
        return 1.0
    right = sum(
        name in found and name in allowed and _any_right(found[name], allowed[name])
        for name in asked
    )
    return right / len(asked)


def _any_right(found: object, allowed: Sequence[Any]) -> bool:
    return any(_right(found, value) for value in allowed)


def _right(found: object, allowed: object) -> bool:
    """Compare by type: 1 is 1.0, and neither "1" nor true."""
    if isinstance(allowed, Mapping):
        return isinstance(found, dict) and _arguments(found, allowed) == 1.0
    if isinstance(allowed, list):
        if not isinstance(found, list) or len(found) != len(allowed):
            return False
        return all(map(_right, found, allowed))
    if isinstance(allowed, str):
        return isinstance(found, str) and _bare(found) == _bare(allowed)
    if isinstance(allowed, bool) or isinstance(found, bool):
        return allowed is found
    return isinstance(found, int | float | None) and found == allowed


def _bare(text: str) -> str:
    return text.translate(_LAYOUT).casefold()
