from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks.__main__ import TABLES
from benchmarks.document import tables, with_table


PAGE = Path(__file__).parents[3] / "docs" / "data-plane.md"
TEXT = "Before.\n<!-- printed by: python -m benchmarks users -->\nold\n<!-- end -->\nBehind.\n"


def test_a_table_takes_the_place_of_the_last_one():
    """What was printed, and the day, stand in the block; what is around it stays."""
    text = with_table(TEXT, "users", "\nnew 1\nnew 2\n", today=date(2026, 1, 2))

    assert text == (
        "Before.\n<!-- printed by: python -m benchmarks users -->\n"
        "```text\n2026-01-02\nnew 1\nnew 2\n```\n<!-- end -->\nBehind.\n"
    )
    assert tables(text) == ["users"]


@pytest.mark.parametrize("text", ["", TEXT.replace("<!-- end -->", "")])
def test_a_page_without_the_block_is_said_to_be_one(text):
    """Nothing is written where no block is."""
    with pytest.raises(ValueError, match="no block that begins with"):
        with_table(text, "users", "new", today=date(2026, 1, 2))


def test_every_table_of_the_page_has_its_command():
    """docs/data-plane.md names tables that there are, and each has been printed."""
    text = PAGE.read_text()

    assert tables(text) == ["proxy", "users", "hazards"]
    assert set(tables(text)) <= TABLES.keys()
    for name in tables(text):
        block = text.partition(f"benchmarks {name} -->\n")[2].partition("<!-- end -->")[0]
        assert block.startswith("```text\n20"), name
        assert block.count("\n") > 8, name
