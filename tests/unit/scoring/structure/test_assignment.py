from __future__ import annotations

import pytest

from shadowmon.scoring.structure.assignment import best_assignment


def test_best_is_not_the_greedy_choice():
    """The sum counts: the largest weight is left where two others make more of it."""
    assert sorted(best_assignment([[10, 9], [9, 0]])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("weights", "pairs"), [([], []), ([[]], []), ([[], []], []), ([[1, 3, 2]], [(0, 1)])]
)
def test_small_cases(weights, pairs):
    """Nothing belongs to nothing; a single row takes its best column."""
    assert best_assignment(weights) == pairs


def test_more_rows_than_columns():
    """Rows for which no column is left are in no pair."""
    assert best_assignment([[1], [5], [2]]) == [(1, 0)]
