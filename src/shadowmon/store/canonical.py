"""
One way to write a thing down, so that the same thing always has the same bytes, and the same hash.

JSON with sorted keys, no spaces, UTF-8 unescaped, numbers as Python's `json` writes them. Moments
are UTC with microseconds and a Z. Everything that enters the store passes here once and is
cleaned on the way: a lone surrogate cannot be encoded, and a NUL ends a string in other programs.
"""

from __future__ import annotations

import json
import math
import re

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shadowmon.errors import StoreError


_UNWRITABLE = re.compile("[\ud800-\udfff\x00]")


def clean(text: str) -> str:
    """Return `text` with lone surrogates and NULs replaced by U+FFFD."""
    return text if text.isascii() and "\x00" not in text else _UNWRITABLE.sub("\ufffd", text)


def to_json(value: object, *, where: str) -> str:
    """
    Return canonical JSON.

    A float that JSON has no number for becomes the text NaN, Infinity or -Infinity (as in
    Protocol Buffers' JSON mapping), which `float` reads back; a tuple becomes a list.

    Args:
        value: JSON: str, int, float, bool, None, sequences, and mappings with str keys.
        where: What it is, for the message.

    Raises:
        StoreError: If a part of it is no JSON: where, and what was found.

    """
    try:
        plain = _plain(value, where)
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError) as error:
        msg = f"{where} cannot be written as JSON: {error}"
        raise StoreError(msg) from error


def from_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what `to_json` was given; raises ValueError if this is no JSON."""
    return json.loads(text)


def _plain(value: object, where: str) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _WORDS[str(value)]
    if isinstance(value, Mapping):
        return {_key(key, where): _plain(part, f"{where}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, f"{where}[{at}]") for at, part in enumerate(value)]
    msg = f"{where} is a {type(value).__name__}, which is no JSON; give a str or a number"
    raise StoreError(msg)


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        msg = f"{where} has the key {key!r}, which is no text; JSON's keys are texts"
        raise StoreError(msg)
    return clean(key)


def from_moment(moment: datetime, *, where: str) -> str:
    """
    Return e.g. 2026-01-31T12:00:00.000000Z; such texts sort as the moments do.

    Raises:
        StoreError: If it has no time zone.

    """
    if moment.tzinfo is None:
        msg = f"{where} ({moment.isoformat()}) has no time zone; give a moment in UTC"
        raise StoreError(msg)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def to_moment(text: str) -> datetime:
    """Read what `from_moment` wrote; raises ValueError if it is something else."""
    return datetime.fromisoformat(text)
