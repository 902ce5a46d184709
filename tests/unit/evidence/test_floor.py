from __future__ import annotations

import pytest

from shadowmon.evidence.floor import excess, excess_bounds


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("lean", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("distance", "floor"), [(0.3, 0.2), (1.0, 1.0), (0.0, 0.7)])
def test_the_mean_is_the_distance_less_the_floor(share, lean, distance, floor):
    """Averaged over whether the baseline is asked twice, whatever the lean."""
    asked = excess(distance, floor, share=share, lean=lean)
    not_asked = excess(distance, None, share=share, lean=lean) if share < 1 else 0.0

    assert share * asked + (1 - share) * not_asked == pytest.approx(distance - floor)


@pytest.mark.parametrize("share", [0.1, 1.0])
@pytest.mark.parametrize("lean", [0.0, 0.3, 1.0])
def test_nothing_goes_beyond_the_bounds_and_both_are_reached(share, lean):
    """The range is the one of all distances and floors in [0, 1], asked twice or not."""
    found = [
        excess(distance, floor, share=share, lean=lean)
        for distance in (0.0, 0.5, 1.0)
        for floor in ([0.0, 1.0] if share == 1 else [None, 0.0, 1.0])
    ]

    assert (min(found), max(found)) == excess_bounds(share, lean)


@pytest.mark.parametrize(
    ("share", "lean", "message"),
    [(0.0, 0.3, "share .* is 0.0"), (1.1, 0.3, "share .* is 1.1"), (0.1, -0.1, "lean is -0.1")],
)
def test_settings_that_make_no_sense_are_refused(share, lean, message):
    """A share that is no probability, or a lean away from both, is named."""
    with pytest.raises(ValueError, match=message):
        excess_bounds(share, lean)


def test_a_floor_that_was_not_measured_cannot_be_left_out_where_it_always_is():
    """With every exchange asked twice a missing floor is a missing observation."""
    with pytest.raises(ValueError, match="always asked twice"):
        excess(0.5, None, share=1.0)
