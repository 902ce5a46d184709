"""
JSON from outside, read within bounds.

Python's own reader takes more than JSON: NaN, numbers beyond a float, a key twice (the last one
wins), half a surrogate pair. Here each of them is refused (RFC 8259, RFC 7493), and so is what is
nested deep or holds very many values.
"""

from __future__ import annotations

import json
import math
import re

from collections.abc import Sequence
from typing import Any, NoReturn


DEPTH_MAX = 16
VALUES_MAX = 200_000
_DIGITS_MAX = 18

_HALF_PAIR = re.compile(r"[\ud800-\udfff]")


class BodyError(ValueError):
    """The bytes are no JSON that is taken; the message says why and shows nothing of them."""


class BoundsError(BodyError):
    """The bytes may be JSON, and are beyond what is taken."""


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """
    Read a request's body.

    Raises:
        BodyError: If it is not JSON; a BoundsError if it is not within the bounds.

    """
    # Counted before anything is built: each value but the first follows a comma or a bracket.
    if sum(map(body.count, (b",", b"[", b"{"))) > VALUES_MAX:
        _stop(f"it holds more than {VALUES_MAX:,} values")
    try:
        value = json.loads(
            body.decode(),
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_float,
            object_pairs_hook=_object,
        )
    except BodyError:
        raise
    except UnicodeDecodeError:
        _refuse("it is not UTF-8")
    except RecursionError:
        _stop(f"it is nested more than {DEPTH_MAX} levels deep")
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at line {error.lineno}, column {error.colno}")
    _check(value)
    return value


def _refuse(why: str) -> NoReturn:
    # Without its cause: a parser's own text may quote the body.
    raise BodyError(why) from None


def _stop(why: str) -> NoReturn:
    raise BoundsError(why) from None


def _no_constant(text: str) -> NoReturn:
    _refuse(f"{text} is not JSON")


def _integer(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        _stop(f"it holds a number of more than {_DIGITS_MAX} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _stop("it holds a number that is too large")
    return number


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("it holds an object with a key twice")
    return found


def _check(value: Any) -> None:  # noqa: ANN401 - any JSON value
    level: list[Any] = [value]
    for _ in range(DEPTH_MAX):
        level = _below(level)
        if not level:
            return
    _stop(f"it is nested more than {DEPTH_MAX} levels deep")


def _below(level: list[Any]) -> list[Any]:
    """Check the texts of one level, and return the values of the next."""
    below: list[Any] = []
    for value in level:
        if isinstance(value, str):
            _whole(value)
        elif isinstance(value, list):
            below.extend(value)
        elif isinstance(value, dict):
            for key in value:
                _whole(key)
            below.extend(value.values())
    return below


def _whole(text: str) -> None:
    if _HALF_PAIR.search(text):
        _refuse("it holds half of a surrogate pair, which is no character")
