"""
Parts of a message that many formats write alike: counts, words, vectors, rankings, tokens.

Each reads what a stranger wrote. What it cannot read is None, or a `CodecError`, which quotes
nothing.
"""

from __future__ import annotations

import math
import re

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Token
from shadowmon.traffic.codecs import strict_json


_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DOCUMENT_KEYS = ("index", "id", "document_id")
_SCORE_KEYS = ("score", "relevance_score")


def json_object(value: object, what: str) -> dict[str, Any]:
    """Return the value if it is a JSON object; else `CodecError`."""
    if isinstance(value, dict):
        return value
    msg = f"{what} is not a JSON object"
    raise CodecError(msg)


def json_list(value: object, what: str) -> list[Any]:
    """Return the value if it is a list; else `CodecError`."""
    if isinstance(value, list):
        return value
    msg = f"{what} is not a list"
    raise CodecError(msg)


def texts(value: object) -> tuple[str, ...]:
    """Return a text, or a list of texts, as texts; none if there is anything else among them."""
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not all(isinstance(text, str) for text in several):
        return ()
    return tuple(several)


def count(value: object) -> int | None:
    """Return the value if it is a whole number of things."""
    return value if type(value) is int and value >= 0 else None


def count_written(digits: str) -> int | None:
    """Return the count that a header says; None if it says none."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None  # noqa: PLR2004 - fits 64 bits


def error_word(*words: object) -> str:
    """
    Name an error by the server's own word for its kind, if that is a word and no sentence.

    Its message is left out: it may quote the request, and nobody further down needs it.
    """
    kinds = (str(word) for word in words if isinstance(word, str | int))
    return " ".join(kind for kind in kinds if _WORD.fullmatch(kind)) or "error"


def vector(value: object, what: str) -> tuple[float, ...]:
    """Return a list of numbers as a vector; `CodecError` if it is none, or empty."""
    if isinstance(value, list) and value and all(type(item) in {int, float} for item in value):
        try:
            found = tuple(map(float, value))
        except OverflowError:
            found = (math.inf,)
        if all(map(math.isfinite, found)):
            return found
    msg = f"{what} is not a list of numbers"
    raise CodecError(msg)


def vectors(value: object, what: str) -> tuple[tuple[float, ...], ...]:
    """Return a list of vectors, or one vector; all of one length."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list):
        return (vector(value, what),)
    found = tuple(vector(item, what) for item in value)
    if len(set(map(len, found))) > 1:
        msg = f"{what} has vectors of different lengths"
        raise CodecError(msg)
    return found


def ranking(value: object, what: str) -> tuple[str, ...]:
    """
    Return documents' keys, best first.

    Read are a list of keys that are in that order already, and a list of objects with a key
    (index, id) and a score, in any order; of equal scores the first stays first.
    """
    items = json_list(value, what)
    if items and all(isinstance(item, dict) for item in items):
        pairs = [(_first(item, _DOCUMENT_KEYS), _first(item, _SCORE_KEYS)) for item in items]
        if not all(type(score) in {int, float} for _, score in pairs):
            msg = f"{what} has a document without a score"
            raise CodecError(msg)
        items = [key for key, _ in sorted(pairs, key=lambda pair: pair[1], reverse=True)]
    if not all(isinstance(item, str) or type(item) is int for item in items):
        msg = f"{what} has a document without a key"
        raise CodecError(msg)
    keys = tuple(map(str, items))
    if len(set(keys)) != len(keys):
        msg = f"{what} has the same document twice"
        raise CodecError(msg)
    return keys


def token(text: object, log_probability: object, alternatives: Mapping[str, float]) -> Token | None:
    """Return a token with its probability; None if either is missing."""
    if not isinstance(text, str) or not isinstance(log_probability, int | float):
        return None
    # Rounding takes a sure token above 0 now and then.
    return Token(
        text=text, log_probability=min(0.0, float(log_probability)), alternatives=alternatives
    )


def alternatives(found: object, *, text: str, log_probability: str) -> Mapping[str, float]:
    """
    Return the log probabilities of the likeliest tokens.

    Args:
        found: A list of objects, or nothing.
        text: The key of a token's text.
        log_probability: The key of its log probability.

    """
    likely: dict[str, float] = {}
    for item in found if isinstance(found, list) else ():
        one = (
            token(item.get(text), item.get(log_probability), {}) if isinstance(item, dict) else None
        )
        if one is not None:  # two tokens may have one text: the likelier stands
            likely[one.text] = max(one.log_probability, likely.get(one.text, -math.inf))
    return likely


def json_in(text: str | None) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return the object or list that a text is, if it is nothing else."""
    if text is None or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return strict_json.loads(text.encode("utf-8", "replace"))
    except CodecError:
        return None


def _first(item: Mapping[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON is any of six types
    return next((item[key] for key in keys if key in item), None)
