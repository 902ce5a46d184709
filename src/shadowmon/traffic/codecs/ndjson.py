"""
Newline-delimited JSON: one object on each line, as `application/x-ndjson` is written.

A stream that is cut ends in the middle of a line, and the beginning of an object is no object: a
cut is never taken for an end.
"""

from __future__ import annotations

from typing import Any

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import parts, strict_json


def read_objects(body: bytes) -> tuple[list[dict[str, Any]], bool]:
    """
    Return the objects of the lines, and whether the last line was cut.

    Empty lines are passed over. One object that is written over several lines is one, too: a whole
    answer that something on the way made pretty.

    Raises:
        CodecError: If there is nothing, or a line is no JSON object and not the beginning of one
            at the very end.

    """
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        msg = "the answer is empty"
        raise CodecError(msg)
    if len(lines) > 1 and not _is_object(lines[0]):
        return [_object(body)], False
    found = [_object(line) for line in lines[:-1]]
    last = lines[-1]
    if not body.endswith(b"\n") and last.lstrip().startswith(b"{") and not _is_object(last):
        return found, True
    return [*found, _object(last)], False


def _object(line: bytes) -> dict[str, Any]:
    return parts.json_object(strict_json.loads(line), "a line of the answer")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(strict_json.loads(line), dict)
    except CodecError:
        return False
