from __future__ import annotations

import math

import numpy as np
import pytest

from shadowmon.evidence.verbosity import slope_of


def test_two_groups_by_hand():
    """With two lengths the slope is the difference of the groups' log odds."""
    wins = [True] * 3 + [False] * 1 + [True] * 2 + [False] * 4
    found = slope_of(wins, [1.0] * 4 + [0.0] * 6)
    assert found is not None
    assert found.level == pytest.approx(math.log(2 / 4))
    assert found.slope == pytest.approx(math.log(3) - math.log(0.5))
    assert found.standard_error == pytest.approx((1 / 3 + 1 + 1 / 2 + 1 / 4) ** 0.5)


def test_slope_is_found_again():
    """A slope that wins were drawn with is found within its standard error."""
    generator = np.random.default_rng(5)
    lengths = generator.normal(0, 1, 4000)
    wins = generator.random(4000) < 1 / (1 + np.exp(-(0.3 + 0.7 * lengths)))
    found = slope_of(wins.tolist(), lengths.tolist())
    assert found is not None
    assert abs(found.slope - 0.7) < 3 * found.standard_error < 0.2


@pytest.mark.parametrize(
    ("wins", "doublings"),
    [
        ([], []),
        ([True, True], [0.0, 1.0]),
        ([True, False, True], [1.0, 1.0, 1.0]),
        ([True, True, False, False], [2.0, 1.0, -1.0, -2.0]),
    ],
)
def test_where_there_is_no_slope(wins, doublings):
    """No comparisons, one outcome, one length, or lengths that part the outcomes: none is told."""
    assert slope_of(wins, doublings) is None
