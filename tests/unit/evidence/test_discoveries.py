from __future__ import annotations

import math

import pytest

from shadowmon.evidence.discoveries import discoveries


@pytest.mark.parametrize(
    ("e_values", "listed"),
    [
        ([], []),
        ([19.9], []),
        ([20], [0]),
        ([1, 59, 0], []),
        ([1, 60, 0], [1]),
        ([30, 1, 30], [0, 2]),
        ([20, 20, 20], [0, 1, 2]),
        ([40, 20, 1000, 1], [2, 0]),
    ],
)
def test_the_list_is_the_longest_that_its_least_member_supports(e_values, listed):
    """At alpha .05, k of K claims need K x 20 / k each; the best proven comes first."""
    logarithms = [math.log(value) if value else -math.inf for value in e_values]

    assert discoveries(logarithms, alpha=0.05) == listed
