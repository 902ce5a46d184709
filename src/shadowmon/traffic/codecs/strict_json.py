"""
JSON from strangers: read strictly or not at all.

`json.loads` accepts NaN, Infinity, 1e999, a key given twice and half a surrogate pair, and dies of
deep nesting (RFC 8259 leaves all of these to the reader). Each of them breaks something further
down: a database, a metric, a comparison.

Rule 1: what is refused is a `CodecError`, whatever the bytes.
Rule 2: an error's text never quotes the bytes, for they may hold secrets.
"""

from __future__ import annotations

import json
import math
import re

from typing import Any

from shadowmon.errors import CodecError


DEPTH_MAX = 128
"""Levels of nesting; tool schemas rarely pass 20."""
DIGITS_MAX = 308
"""Digits of an integer, so that every number also fits a float."""

# The closing quote is optional, so that a string without one is passed over once, not from each of
# its quotes anew.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    r"|(?P<broken>u[dD][89a-fA-F][0-9a-fA-F]{2}|u0000)"
    r"|.)",
    re.DOTALL,
)


class _RefusedError(ValueError):
    """What a hook of the JSON reader will not have."""


def loads(body: bytes) -> Any:  # noqa: ANN401 - JSON is any of six types
    """
    Read JSON; half surrogate pairs and NUL become U+FFFD, for nothing further down can hold them.

    Raises:
        CodecError: If it is not UTF-8, not JSON, nested deeper than `DEPTH_MAX`, has a number that
            is not finite or longer than `DIGITS_MAX`, or an object with the same key twice.

    """
    text = _decoded(body)
    if "\\u" in text:
        text = _ESCAPE.sub(_mended, text)
    return _parsed(text)


def loads_verbatim(body: bytes) -> Any:  # noqa: ANN401 - JSON is any of six types
    """
    Read JSON as `loads` does, but keep half surrogate pairs and NUL: for bytes that are sent on.

    Raises:
        CodecError: See `loads`.

    """
    return _parsed(_decoded(body))


def dumps(value: Any) -> bytes:  # noqa: ANN401 - JSON is any of six types
    """
    Write JSON in one stable form: keys in the order they came in, no spaces, ASCII only.

    Raises:
        CodecError: If the value is not JSON: a number that is not finite, a date.

    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError) as error:
        msg = "a value cannot be written as JSON"
        raise CodecError(msg) from error


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")  # RFC 8259 section 8.1: a reader may skip a byte order mark
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 at byte {error.start}"
    else:
        _check_depth(text)
        return text
    # Raised out here, so that the error does not carry the other one, which carries the bytes.
    raise CodecError(problem)


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    depth = 0
    for match in _TOKEN.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                msg = f"JSON is nested deeper than {DEPTH_MAX} levels"
                raise CodecError(msg)
        elif first != '"':
            depth -= 1


def _mended(match: re.Match[str]) -> str:
    return "\\ufffd" if match["broken"] else match[0]


def _parsed(text: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_without_twins,
        )
    except json.JSONDecodeError as error:
        problem = f"not JSON at character {error.pos}"
    except _RefusedError as error:
        problem = str(error)
    except RecursionError:
        problem = "JSON is nested too deep"
    raise CodecError(problem)


def _refuse_constant(name: str) -> float:
    msg = f"{name} is not a JSON number"
    raise _RefusedError(msg)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        msg = "a JSON number is too large"
        raise _RefusedError(msg)
    return number


def _short(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        msg = f"a JSON integer has more than {DIGITS_MAX} digits"
        raise _RefusedError(msg)
    return int(digits)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a JSON object has the same key twice"
        raise _RefusedError(msg)
    return found
