"""One error rate for every climb of an epoch."""

from __future__ import annotations

import math

import pytest

from shadowmon.evidence.spending import AFTERWARDS, log_e_needed


def level(number, *, stages=4, alpha=0.05):
    """Return what a stage may err with."""
    return math.exp(-log_e_needed(alpha, stages=stages, number=number))


def test_the_first_pass_shares_alpha_evenly():
    """A trial that never steps down needs what it would if nobody ever did."""
    assert [level(number) for number in range(1, 5)] == pytest.approx([0.05 / 4] * 4)


@pytest.mark.parametrize("stages", [1, 4, 10])
def test_all_passes_together_have_a_bound(stages):
    """However often it climbs again, it errs with no more than a tenth beyond alpha."""
    spent = sum(level(number, stages=stages) for number in range(1, 20_001))

    assert spent < (1 + AFTERWARDS) * 0.05
    assert spent == pytest.approx((1 + AFTERWARDS) * 0.05, rel=0.001)


def test_each_pass_needs_more_than_the_one_before():
    """Within a pass every stage needs the same."""
    needs = [log_e_needed(0.05, stages=2, number=number) for number in range(1, 9)]

    assert needs[0::2] == needs[1::2] == sorted(set(needs))
