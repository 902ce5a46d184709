from __future__ import annotations

import math

import pytest

from shadowmon.scoring.classification.distributions import (
    jensen_shannon,
    normalized,
)


def test_hand_computed_divergence():
    """A known value: {a: 1} against {a: 1/2, b: 1/2} is 3/4 log2(4/3) bits and a quarter."""
    expected = 0.5 * math.log2(4 / 3) + 0.25 * math.log2(2 / 3) + 0.25
    assert jensen_shannon({"a": 1.0}, {"a": 0.5, "b": 0.5}) == pytest.approx(expected, abs=1e-15)


def test_no_shared_label_is_one_bit():
    """Two distributions that share no label are 1 apart."""
    assert jensen_shannon({"a": 1.0}, {"b": 1.0}) == 1.0


def test_weights_are_scaled_to_one():
    """Weights that do not sum to 1 are scaled."""
    assert normalized({"a": 1.0, "b": 3.0}) == {"a": 0.25, "b": 0.75}


@pytest.mark.parametrize(
    "weights", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": math.nan}, {"a": math.inf}]
)
def test_what_is_no_distribution(weights):
    """Nothing, zeros, negative numbers, NaN and infinity are no distribution."""
    assert normalized(weights) is None


def test_weights_beyond_a_float_are_no_distribution():
    """Weights whose sum is beyond a float are refused, not an error."""
    assert normalized({"a": 1.7e308, "b": 1.7e308}) is None
