"""Dotted paths into JSON."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.traffic.field_path import FieldPath, texts


@pytest.mark.parametrize(
    ("path", "found", "expected"),
    [
        ("a", {"a": 1, "b": 2}, {"a": "X", "b": 2}),
        ("a.b", {"a": {"b": {"c": 1}}}, {"a": {"b": "X"}}),
        ("a[*].b", {"a": [{"b": 1}, {"b": 2}, 3]}, {"a": [{"b": "X"}, {"b": "X"}, 3]}),
        ("a.b", {"a": [{"b": 1}, [{"b": 2}]]}, {"a": [{"b": "X"}, [{"b": "X"}]]}),
        ("a[1]", {"a": [1, 2]}, {"a": [1, "X"]}),
        ("a.*", {"a": {"b": 1, "c": 2}}, {"a": {"b": "X", "c": "X"}}),
        ("[*].b", [{"b": 1}], [{"b": "X"}]),
        ("a.b", {"a": 5}, {"a": 5}),
        ("a", {"a": None}, {"a": None}),
        ("user-id.x y", {"user-id": {"x y": 1}}, {"user-id": {"x y": "X"}}),
    ],
)
def test_replaced(path: str, found: Any, expected: Any) -> None:
    """What the path leads to is replaced, whatever it is, and nothing else."""
    assert FieldPath(path, key="k").replaced(found, "X") == expected


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[*]b", "a[-1]"])
def test_bad_paths(path: str) -> None:
    """What is no path is refused, by its key."""
    with pytest.raises(ValueError, match=r"^redaction\.fields\[0\]: "):
        FieldPath(path, key="redaction.fields[0]")


def test_texts() -> None:
    """Strings, keys and numbers are changed as texts; what was not changed keeps its type."""
    found = {"k1": [1, 12, 1.5, True, None, "1"]}

    assert texts(found, lambda text: text.replace("12", "X").replace("k", "K")) == {
        "K1": [1, "X", 1.5, True, None, "1"]
    }
