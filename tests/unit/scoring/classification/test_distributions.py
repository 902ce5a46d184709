from __future__ import annotations

import math

import numpy as np
import pytest

from shadowmon.scoring.classification.distributions import (
    jensen_shannon,
    jensen_shannon_rows,
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


def test_many_pairs_at_once():
    """In rows, the divergence is the same as one by one; zeros and all."""
    rng = np.random.default_rng(1)
    ones, others = rng.dirichlet([0.3] * 6, 50), rng.dirichlet([0.3] * 6, 50)
    ones[0], others[0] = [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]
    others[1] = ones[1]
    expected = [
        jensen_shannon(*({str(at): share for at, share in enumerate(row)} for row in pair))
        for pair in zip(ones.tolist(), others.tolist(), strict=True)
    ]
    assert jensen_shannon_rows(ones, others) == pytest.approx(expected, abs=1e-14)


def test_no_rows():
    """Of no pairs there are no figures."""
    assert jensen_shannon_rows(np.empty((0, 3)), np.empty((0, 3))).shape == (0,)
