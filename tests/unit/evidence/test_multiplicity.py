from __future__ import annotations

import math

import pytest

from shadowmon.evidence.multiplicity import average, blame


def test_the_average_is_of_e_values_and_not_of_logarithms():
    """A quarter of 40 and three quarters of 4 are 13."""
    assert average([math.log(40), math.log(4)], [0.25, 0.75]) == pytest.approx(math.log(13))


def test_what_is_proven_at_its_own_weight_is_proven_in_the_average():
    """The average is never slower than Bonferroni with the same weights."""
    assert average([math.log(100 / 0.1), -500.0], [0.1, 0.9]) >= math.log(100)


def test_huge_and_tiny_e_values_average_without_overflow():
    """Logarithms far beyond a float's exponent are ordinary values."""
    assert average([1e6, -1e6], [0.5, 0.5]) == pytest.approx(1e6 - math.log(2))


def test_no_weight_is_no_share():
    """An e-value with weight 0 plays no part, however large."""
    assert average([1e6, math.log(3)], [0.0, 1.0]) == pytest.approx(math.log(3))


def test_the_largest_weighted_term_is_blamed():
    """A smaller e-value with a larger weight may be the one that tips the average."""
    assert blame([math.log(40), math.log(20)], [0.2, 0.8]) == 1


@pytest.mark.parametrize(
    ("log_e_values", "weights", "message"),
    [
        ([], [], "0 e-values, 0 weights"),
        ([0.0], [0.5, 0.5], "1 e-values, 2 weights"),
        ([0.0, 0.0], [0.6, 0.5], "none may be negative, nor the sum 0 or > 1"),
        ([0.0, 0.0], [-0.1, 0.5], "none may be negative"),
        ([0.0], [0.0], "sum to 0"),
        ([0.0], [math.nan], "sum to nan"),
    ],
)
def test_weights_that_would_void_the_guarantee_are_refused(log_e_values, weights, message):
    """Weights are one for each, not negative, and never more than 1 in all."""
    with pytest.raises(ValueError, match=message):
        average(log_e_values, weights)
