"""A share as two small integers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.actuators.ratio import Ratio, closest, share_of
from shadowmon.records import Weight


@pytest.mark.parametrize("percent", range(101))
def test_every_whole_percent_is_met_exactly(percent):
    """With HAProxy's weights of 0 to 256."""
    ratio = closest(Weight(percent * 100), most=256)
    assert share_of(ratio.optimized, ratio.optimized + ratio.baseline) == percent * 100


@given(
    weight=st.integers(1, 9_999),
    most=st.integers(1, 256),
    baselines=st.integers(1, 4),
    optimized=st.integers(1, 4),
)
def test_no_two_integers_come_closer(weight, most, baselines, optimized):
    """A slow twin tries the baseline's neighbours too; and neither side is left without."""
    ratio = closest(
        Weight(weight), most=most, baseline_servers=baselines, optimized_servers=optimized
    )

    def off(baseline: int, number: int) -> Fraction:
        load = number * optimized
        return abs(Fraction(load, load + baseline * baselines) - Fraction(weight, 10_000))

    assert 1 <= ratio.baseline <= most
    assert 1 <= ratio.optimized <= most
    found = off(ratio.baseline, ratio.optimized)
    for baseline in {1, most, ratio.baseline - 1, ratio.baseline + 1} - {0, most + 1}:
        assert found <= off(baseline, ratio.optimized)
    for number in {1, most, ratio.optimized - 1, ratio.optimized + 1} - {0, most + 1}:
        assert found <= off(ratio.baseline, number)


def test_servers_are_counted():
    """Half of the traffic, on one server of three."""
    assert closest(Weight(5000), most=256, baseline_servers=2) == Ratio(baseline=1, optimized=2)


def test_a_little_is_never_nothing():
    """A share that rounds to none, or to all, is told as the next to it."""
    assert (share_of(1, 10**6), share_of(10**6 - 1, 10**6)) == (1, 9999)
    assert (share_of(0, 5), share_of(5, 5)) == (0, 10_000)
