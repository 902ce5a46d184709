"""Numbers and axes as a panel has them."""

from __future__ import annotations

import pytest

from grafana.drawing.units import marks, written


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0, "percentunit", "0%"),
        (0.0123, "percentunit", "1.23%"),
        (1.0, "percentunit", "100%"),
        (0.25, "s", "250 ms"),
        (90.0, "s", "1.5 min"),
        (172_800.0, "s", "2 d"),
        (119.6, "reqps", "120 req/s"),
        (794.0, "short", "794"),
        (-2.5, "short", "-2.5"),
        (12_345.0, "short", "12.3 K"),
    ],
)
def test_numbers_are_written_in_their_unit(value, unit, said):
    """Three digits that count, the unit, and no zeros at the end."""
    assert written(value, unit) == said


@pytest.mark.parametrize(
    ("low", "high", "about", "found"),
    [
        (0.0, 1.0, 4, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (-23.0, 21.0, 4, [-20.0, 0.0, 20.0]),
        (3.1, 3.9, 4, [3.2, 3.4, 3.6, 3.8]),
    ],
)
def test_an_axis_has_round_marks(low, high, about, found):
    """Whatever is drawn, its marks are round and lie inside."""
    assert marks(low, high, about=about) == pytest.approx(found)
