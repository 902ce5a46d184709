from __future__ import annotations

import json
import math

import pytest

from shadowmon.evidence.quantile import QuantileOfBefore


def test_the_first_block_measures_and_says_nothing():
    """There is nothing to be held against before a block is full."""
    before = QuantileOfBefore(0.9, 100)

    verdicts = [before.compare(second, second, rise=0.1) for second in range(100)]

    assert verdicts == [None] * 100
    assert before.quantile == 89


def test_pairs_are_held_against_the_block_before_theirs():
    """The quantile moves only when the next block is full: no pair has a say in its own."""
    before = QuantileOfBefore(0.9, 100)
    for second in range(100):
        before.compare(second, 0, rise=0.1)

    for second in range(200, 300):
        assert before.compare(second, 97, rise=0.1) == (True, False)

    assert before.quantile == 289


@pytest.mark.parametrize(
    ("baseline", "optimized", "verdicts"),
    [(89, 97.9, (False, False)), (89.1, 98, (True, True)), (1, math.inf, (False, True))],
)
def test_slow_is_beyond_the_quantile_and_for_the_optimized_model_beyond_a_rise_of_it(
    baseline, optimized, verdicts
):
    """89 is the baseline's 90 % quantile, 97.9 a tenth above it; no answer is slow."""
    before = QuantileOfBefore(0.9, 100)
    for second in range(100):
        before.compare(second, 0, rise=0.1)

    assert before.compare(baseline, optimized, rise=0.1) == verdicts


@pytest.mark.parametrize(
    ("p", "block", "message"),
    [
        (0.0, 100, "quantile 0.0: allowed"),
        (1.0, 100, "quantile 1.0: allowed"),
        (0.95, 199, "allowed is 200 or more"),
        (0.99, 999, "allowed is 1000 or more"),
    ],
)
def test_a_block_that_is_too_small_is_refused(p, block, message):
    """Ten values at least must lie beyond the quantile."""
    with pytest.raises(ValueError, match=message):
        QuantileOfBefore(p, block)
    QuantileOfBefore(0.99, 1000)


@pytest.mark.parametrize("value", [-0.1, math.nan])
def test_a_value_that_is_no_duration_is_refused(value):
    """Which model it was, and the value, are named."""
    with pytest.raises(ValueError, match=f"optimized is {value}"):
        QuantileOfBefore(0.5, 100).compare(0.1, value, rise=0.1)


def test_the_quantile_survives_json():
    """What was measured is still known after a restart."""
    before = QuantileOfBefore(0.9, 100)
    for second in range(100):
        before.compare(second, 0, rise=0.1)

    after = QuantileOfBefore.from_json(json.loads(json.dumps(before.to_json())), p=0.9, block=100)

    assert after.quantile == before.quantile
