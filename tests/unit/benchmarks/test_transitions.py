"""The rollout's table in the docs is the one that the code walks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.transitions import BEGIN, END, printed, with_transitions


PAGE = Path(__file__).parents[3] / "docs" / "rollout.md"


def test_the_page_shows_what_the_code_does():
    """To print the table again changes no byte of docs/rollout.md."""
    text = PAGE.read_text()

    assert with_transitions(text) == text


def test_only_what_is_between_the_marks_is_replaced():
    """What a person wrote around it stays."""
    assert with_transitions(f"before\n{BEGIN}old\n{END}\nafter") == (
        f"before\n{BEGIN}{printed()}{END}\nafter"
    )


@pytest.mark.parametrize("page", ["", BEGIN, END])
def test_a_page_without_the_marks_is_refused(page):
    """Nothing is written where no block is."""
    with pytest.raises(ValueError, match="there is no block that begins with"):
        with_transitions(page)
