from __future__ import annotations

from shadowmon.assessors.canaries import ROUND, canary


def test_each_round_has_every_kind_and_other_questions():
    """Every kind comes with every question in the course of time, so that none is learnt."""
    planted = [canary(number) for number in range(ROUND * 5)]
    assert sum(each.points == 0.5 for each in planted) == 5
    assert len({(each.comparison.first, each.comparison.second) for each in planted}) == ROUND * 5


def test_identical_answers_are_the_ones_that_tie():
    """A tie is asked for exactly where both answers are the same."""
    for number in range(ROUND):
        planted = canary(number)
        same = planted.comparison.first == planted.comparison.second
        assert (planted.points == 0.5) is same
