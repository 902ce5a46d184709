from __future__ import annotations

from itertools import combinations

import pytest

from shadowmon.scoring.code.sampling import pass_at_k


@pytest.mark.parametrize("k", [1, 2, 3, 7])
@pytest.mark.parametrize("right", range(8))
def test_share_of_choices_with_a_right_answer(right, k):
    """It is the share of all choices of k answers that hold a right one."""
    choices = list(combinations([True] * right + [False] * (7 - right), k))
    assert pass_at_k(7, right, k) == pytest.approx(sum(map(any, choices)) / len(choices))


def test_large_numbers():
    """It neither overflows nor loses a rare success."""
    assert pass_at_k(10_000, 1, 100) == pytest.approx(0.01)


@pytest.mark.parametrize(("answers", "right", "k"), [(5, 6, 1), (5, -1, 1), (5, 1, 6), (5, 1, 0)])
def test_impossible_numbers(answers, right, k):
    """More right answers than answers, or more choices, is a mistake of the caller."""
    with pytest.raises(ValueError, match="answers"):
        pass_at_k(answers, right, k)
