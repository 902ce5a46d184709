"""A YAML file to a plain tree."""

from __future__ import annotations

import pytest

from shadowmon.config.document import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("010", 10),
        ("-3", -3),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("!!str 5", "5"),
        ('"5"', "5"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    """A plain scalar is what YAML's core schema says: dates and `no` are text."""
    found = read(f"a: {text}".encode())["a"]

    assert (found, type(found)) == (value, type(value))


def test_keys_are_text():
    """Keys are their own text, whatever they look like."""
    assert read(b"8: a\ntrue: b\nnull: c") == {"8": "a", "true": "b", "null": "c"}


def test_empty_file_is_an_empty_tree():
    """A file with nothing in it, or only comments, has no keys."""
    assert read(b"") == read(b"# nothing\n") == {}


def test_byte_order_mark_is_no_text():
    """A byte order mark at the start is not part of the first key."""
    assert read(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_own_keys_win_over_merged_ones():
    """`<<` merges mappings in; the earlier one wins, and the mapping's own keys over both."""
    tree = read(b"x: &x {a: 1, b: 1, c: 1}\ny: &y {a: 2, d: 2}\nz: {a: 3, <<: [*y, *x]}")

    assert tree["z"] == {"a": 3, "b": 1, "c": 1, "d": 2}
