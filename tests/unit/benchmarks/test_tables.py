from __future__ import annotations

import pytest

from benchmarks.decisions.catalogue import TABLES
from benchmarks.decisions.table import Effort, Table


SLOW = {"peers", "change", "multiplicity", "tempering"}


@pytest.mark.parametrize("name", sorted(TABLES.keys() - SLOW))
def test_a_quick_table_shows_what_it_must(name):
    """Its checks hold, and every row says of how many streams it is."""
    holds(TABLES[name](Effort.QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SLOW))
def test_a_larger_quick_table_shows_what_it_must(name):
    """The same of those that take seconds."""
    holds(TABLES[name](Effort.QUICK))


def holds(made: Table) -> None:
    assert made.rows
    assert made.checks
    assert made.broken == []
    assert all(int(row[-2]) > 0 and int(row[-1]) == made.seed for row in made.rows)
    assert all("±" in "".join(row) for row in made.rows)


def test_a_broken_check_is_told():
    """In the printed table and in the list that makes the command fail."""
    made = Table(title="t", columns=("a",), seed=1)
    made.add("1 ± 1", n=2)
    made.check("it is so", holds=True)
    made.check("it is not so", holds=False)

    assert made.broken == ["it is not so"]
    assert "- **BROKEN**: it is not so" in made.markdown()


def test_a_row_of_another_table_is_refused():
    """Cells and columns must be as many."""
    with pytest.raises(ValueError, match="a row of 2 cells"):
        Table(title="t", columns=("a",), seed=1).add("1", "2", n=3)
