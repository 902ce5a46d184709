"""Text made safe to show."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.console.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("int8 à la carte 漢字 😀", "int8 à la carte 漢字 😀"),
        ("a\nlevel=error forged", "a\\nlevel=error forged"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("abc\u202ecba", "abc\\u202ecba"),
        ("line\u2028line", "line\\u2028line"),
        ("\ud800", "\\ud800"),
        ("a\tb", "a\\tb"),
    ],
)
def test_shown(text, shown):
    """What is visible stays; newlines, escapes, direction marks and half pairs do not."""
    assert plain(text) == shown


def test_cut():
    """Long text is cut, and the cut is marked."""
    assert plain("x" * 20, limit=5) == "xxxx…"
    assert plain("xxxxx", limit=5) == "xxxxx"


@given(st.text(st.characters()))
def test_always_one_visible_line(text):
    """Whatever comes in, one visible line of text goes out, and it can be encoded."""
    shown = plain(text)

    assert shown.isprintable()
    assert shown.encode().decode() == shown
