from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.assessors.judge_verdict import Winner, read_verdict


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        ('{"winner": "A"}', Winner.FIRST),
        (' {"reason": "B says {so}", "winner": "B"}\n', Winner.SECOND),
        ('```json\n{"winner": "tie"}\n```', Winner.TIE),
        ('```\n{"winner": "tie"}\n```', Winner.TIE),
    ],
)
def test_one_object_names_the_winner(text, winner):
    """One JSON object is read, with or without a fence of Markdown around it."""
    assert read_verdict(text) is winner


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        '"A"',
        '{"winner": "a"}',
        '{"winner": "C"}',
        '{"winner": ["A"]}',
        '{"reason": "none"}',
        '{"winner": "A", "winner": "B"}',
        '{"winner": "A"} {"winner": "B"}',
        'The winner is clear: {"winner": "A"}',
        '```json\n{"winner": "A"}\n``` I think',
        "[" * 100_000,
    ],
)
def test_anything_else_is_no_verdict(text):
    """Prose around it, two objects, a key given twice, another word: nothing is guessed."""
    assert read_verdict(text) is None


@given(st.text())
def test_no_text_breaks_the_reader(text):
    """Whatever a judge writes, it is a verdict or it is none."""
    assert read_verdict(text) in {None, *Winner}
