"""Newline-delimited JSON."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs.ndjson import read_objects


@pytest.mark.parametrize(
    ("body", "objects", "is_cut"),
    [
        (b'{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}], False),
        (b'{"a": 1}\r\n\r\n{"b": 2}', [{"a": 1}, {"b": 2}], False),
        (b'{"a": 1}\n{"b": ', [{"a": 1}], True),
        (b'{"a', [], True),
        (b'{\n  "a": 1\n}\n', [{"a": 1}], False),
    ],
)
def test_lines(body: bytes, objects: list[Any], is_cut: bool) -> None:
    """Each line is an object; a beginning of one at the very end is a cut."""
    assert read_objects(body) == (objects, is_cut)


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"[1]\n", b"1", b'{"a": 1}\n{"b": \n', b'{"a": 1}\n{\n{"b": 2}\n', b"{\n"]
)
def test_refuses(body: bytes) -> None:
    """Nothing, and a line that is no object and not the last one's beginning, are refused."""
    with pytest.raises(CodecError):
        read_objects(body)
