"""JSON that another tool wrote, read with a message for people."""

from __future__ import annotations

import json
import math

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shadowmon.gates.results.measured import ResultsError


BYTES_MAX = 1024 * 1024 * 1024


def text_of(path: Path) -> str:
    """
    Read a file.

    Raises:
        ResultsError: If it cannot be read, is too large, or is no UTF-8.

    """
    try:
        if path.stat().st_size > BYTES_MAX:
            msg = f"{path}: is larger than {BYTES_MAX} bytes"
            raise ResultsError(msg)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ResultsError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8 at byte {error.start}"
        raise ResultsError(msg) from error


def lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """
    Yield the number and the object of each line; blank ones are passed over.

    Raises:
        ResultsError: If a line is no JSON object.

    """
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = f"{path}, line {number}: is no JSON: {error}"
            raise ResultsError(msg) from error
        if not isinstance(found, dict):
            msg = f"{path}, line {number}: is no JSON object"
            raise ResultsError(msg)
        yield number, found


def number_of(value: object) -> float | None:
    """Return a finite number, a yes as 1 and a no as 0; None for whatever is none ("N/A")."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def objects(value: object) -> Mapping[str, Mapping[str, Any]]:
    """Return those entries of an object that are objects themselves."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name): each for name, each in value.items() if isinstance(each, Mapping)}
