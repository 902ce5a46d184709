"""A ladder is checked when it is made."""

from __future__ import annotations

import pytest

from tests.trials import a_ladder


@pytest.mark.parametrize("percents", [(), (1, 10), (10, 1, 100), (1, 1, 100), (0, 100)])
def test_a_ladder_rises_to_all_traffic(percents):
    """Rungs that do not rise, or do not end at all traffic, are refused."""
    with pytest.raises(ValueError, match="stage"):
        a_ladder(*percents)


def test_the_shadow_is_below_the_first_rung():
    """Index -1 is the shadow, with no weight."""
    ladder = a_ladder(1, 100)

    assert ladder.weight(-1) == 0
    assert ladder.weight(0) == 100
    assert ladder.is_last(1)
