from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks.decisions import document
from benchmarks.decisions.catalogue import TABLES
from benchmarks.decisions.document import Block
from benchmarks.decisions.table import Effort, Table


STATISTICS = Path(__file__).parents[3] / "docs" / "statistics.md"

TEXT = """Before.
<!-- table: level --full -->
old
<!-- end -->
Between.
<!-- table: merge --quick -->
old
<!-- end -->
"""


def a_table() -> Table:
    made = Table(title="New figures", columns=("a",), seed=1)
    made.add("1", n=2)
    return made


def test_every_block_of_the_document_names_a_table():
    """And every table stands in it, once."""
    names = [block.name for block in document.blocks(STATISTICS.read_text())]

    assert sorted(names) == sorted(TABLES)


def test_a_block_is_replaced_by_the_command_the_day_and_what_was_printed():
    """The text around it stays, and so do the other blocks."""
    block = Block(name="level", effort=Effort.FULL)

    text = document.with_table(TEXT, block, a_table(), today=date(2026, 1, 2))

    assert text.startswith("Before.\n<!-- table: level --full -->\n")
    assert "`python -m benchmarks.decisions --full level`, 2026-01-02:" in text
    assert "**New figures**" in text
    assert text.count("old") == 1
    assert document.blocks(text) == [block, Block(name="merge", effort=Effort.QUICK)]


def test_a_block_without_an_end_is_refused():
    """Or the rest of the document would be lost."""
    with pytest.raises(ValueError, match="2 blocks begin and 1 are whole"):
        document.blocks(TEXT.replace("<!-- end -->", "", 1))
