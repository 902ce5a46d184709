"""
What pydantic found, in words for people.

Rule 1: a value is shown only if it is a plain one, cannot be a secret, and stands at a known key.
Rule 2: a type of error without an entry in the table still gives a whole sentence.
"""

from __future__ import annotations

import enum
import typing

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from shadowmon.config.keys import (
    KeyPath,
    fields_at,
    is_nested,
    is_secret,
    nested_homes,
    type_at,
    written,
)
from shadowmon.config.settings import NAME
from shadowmon.console.hosts import HOST
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint


_ON_A_KEY = "[key]"
_SHOWN_MAX = 60
_LISTED_MAX = 16

_PATTERNS: Mapping[str, str] = {
    NAME: "must be letters, digits, dots, dashes, underscores (up to 63, a letter or digit first)",
    HOST: "must be a name such as shadowmon.example, or .example for all that end so",
    r"^/": "must begin with /",
    r"^https?://[^/]+(/.*)?$": "must be an address such as http://127.0.0.1:8000",
    r"^(https?|http\+unix)://[^/]+(/.*)?$": "must be an address such as http://127.0.0.1:8000",
    r"^[a-z][a-z0-9_]*$": "must be lower-case letters, digits and underscores (a letter first)",
}


def complaint(error: ErrorDetails, *, source: str) -> Complaint:
    """
    Write one of pydantic's errors for people.

    Args:
        error: From `ValidationError.errors()`.
        source: What set the value, for people; empty if the file did.
    """
    path: KeyPath = tuple(error["loc"])
    on_a_key = bool(path) and path[-1] == _ON_A_KEY
    if on_a_key:
        path = path[:-1]
    problem, hint = _said(error, path, on_a_key=on_a_key)
    hints = [part for part in (hint, f"set by {source}" if source else "") if part]
    return Complaint(key=written(path) or "the file", problem=problem, hint="; ".join(hints))


def close_to(word: str, choices: typing.Iterable[str]) -> str:
    """Return a hint: the choice that was probably meant, else all of them."""
    known = sorted(choices)
    near = get_close_matches(word.lower(), known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    if not known:
        return "there are none"
    listed = ", ".join(plain(choice, limit=80) for choice in known[:_LISTED_MAX])
    return f"there are: {listed}{', …' if len(known) > _LISTED_MAX else ''}"


def _said(error: ErrorDetails, path: KeyPath, *, on_a_key: bool) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    found = "" if on_a_key else _found(error["input"], path)
    problem, hint = plain(error["msg"][:1].lower() + error["msg"][1:]), ""
    match kind:
        case "extra_forbidden":
            problem, hint = "no such key", _instead(path)
        case "missing":
            problem, hint = "is missing", _choice(path)
        case "enum" | "literal_error":
            problem = f"must be one of {', '.join(_members(path))}{found}"
            hint = _near(error["input"], path)
        case "string_pattern_mismatch":
            said = _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
            problem = f"{'as a name ' if on_a_key else ''}{said}{found}"
        case "string_type" if isinstance(error["input"], int | float):
            problem, hint = f"must be text{found}", "put it in quotes"
        case "value_error":
            problem = str(context["error"])
        case "model_type" | "dict_type" if error["input"] is None:
            problem, hint = "is empty", "leave the key out, or write {}"
        case _ if kind in _TABLE:
            problem = _TABLE[kind](context) + found
        case _:
            pass
    return problem, hint


def _must(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda context: "must " + text.format_map(context)


_WHOLE, _NUMBER = _must("be a whole number"), _must("be a number")
_TRUTH, _TEXT = _must("be true or false"), _must("be text")
_MAPPING, _LIST = _must("be a mapping (key: value)"), _must("be a list")

_TABLE: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _must("be a finite number"),
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": _TEXT,
    "path_type": _TEXT,
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "greater_than": _must("be greater than {gt:g}"),
    "greater_than_equal": _must("be at least {ge:g}"),
    "less_than": _must("be less than {lt:g}"),
    "less_than_equal": _must("be at most {le:g}"),
    "string_too_long": _must("have at most {max_length} characters"),
    "string_too_short": _must("have at least {min_length} characters"),
    "too_long": _must("have at most {max_length} entries"),
    "too_short": _must("have at least {min_length} entries"),
}


def _found(value: Any, path: KeyPath) -> str:  # noqa: ANN401 - whatever was written
    """Say what was found, but never a value that could be a secret."""
    if value is None:
        return ", found nothing"
    if isinstance(value, dict | list):
        return f", found a {'list' if isinstance(value, list) else 'mapping'}"
    word = "text" if isinstance(value, str) else "number"
    word = "truth value" if isinstance(value, bool) else word
    kind = type_at(path)
    if kind is None or is_nested(kind) or is_secret(path) or _holds_credentials(value):
        return f", found {_A[word]}"
    shown = f'the text "{plain(value, limit=_SHOWN_MAX)}"' if isinstance(value, str) else value
    return f", found {str(shown).lower() if isinstance(value, bool) else shown}"


_A: Mapping[str, str] = {"text": "text", "number": "a number", "truth value": "a truth value"}


def _holds_credentials(value: Any) -> bool:  # noqa: ANN401 - whatever was written
    return isinstance(value, str) and "@" in value


def meant(path: KeyPath) -> list[str]:
    """Return the keys that somebody may have meant who wrote one that is none."""
    key, known = str(path[-1]), fields_at(path[:-1])
    near = [written((*path[:-1], each)) for each in get_close_matches(key.lower(), known)]
    homes = nested_homes(path[:-1], key)
    return near + [written(path[:-1]) + "." * (len(path) > 1) + home for home in homes]


def _instead(path: KeyPath) -> str:
    """Say which key was probably meant: here by a near name, or below here by this very name."""
    key, known = str(path[-1]), fields_at(path[:-1])
    if not get_close_matches(key.lower(), known, n=1):
        homes = nested_homes(path[:-1], key)
        if homes:
            return f"did you mean {' or '.join(homes[:3])}?"
    return close_to(key, known)


def _members(path: KeyPath) -> list[str]:
    kind = type_at(path)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(member.value) for member in kind]
    return [str(choice) for choice in typing.get_args(kind)]


def _choice(path: KeyPath) -> str:
    """Say what a key without a default may be, where that can be listed."""
    members = [] if is_nested(type_at(path)) else _members(path)
    return f"one of {', '.join(members)}" if members else "it has no default"


def _near(value: Any, path: KeyPath) -> str:  # noqa: ANN401 - whatever was written
    near = get_close_matches(value.lower(), _members(path), n=1) if isinstance(value, str) else []
    return f"did you mean {near[0]}?" if near else ""
