"""What is promised of complaints: of two models with the rates allowed, none is blamed wrongly."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pytest

from shadowmon.evidence.events import Events, log_e_value
from tests.streams import NEVER, at_most


ALPHA = 0.05
RISE = 0.1
LOOKS = np.unique(np.geomspace(1, 2_000, 400).astype(int))


def first_blamed(ratio: float, *, share: int, streams: int) -> np.ndarray:
    """Return after how many events each stream blames the optimized model, looking at each."""
    odds = ratio * share / (10_000 - share)
    drawn = np.random.default_rng(6).random((streams, LOOKS[-1])) < odds / (1 + odds)
    optimized = drawn.cumsum(axis=1)
    least = [_least_blamed(int(seen), share) for seen in LOOKS]
    blamed = optimized[:, LOOKS - 1] >= np.array(least)
    return np.where(blamed.any(axis=1), LOOKS[blamed.argmax(axis=1)], NEVER)


def _least_blamed(seen: int, share: int) -> int:
    """Return how many of the events seen must be about the optimized model to blame it."""

    def proof(optimized: int) -> float:
        events = Events(optimized={share: optimized}, baseline={share: seen - optimized})
        return log_e_value(events, rise=RISE)

    return bisect_left(range(seen + 1), -np.log(ALPHA), key=proof)


@pytest.mark.parametrize("share", [5_000, 500])
def test_the_allowed_rate_is_blamed_with_at_most_alpha(share):
    """A tenth more complaints than the baseline's, exactly as allowed, looked at some 300 times."""
    blamed = first_blamed(1 + RISE, share=share, streams=1_000)

    assert (blamed < NEVER).mean() <= at_most(ALPHA, 1_000)


@pytest.mark.parametrize(("ratio", "most"), [(1.5, 330), (2.0, 95)])
def test_more_complaints_are_found(ratio, most):
    """Half of the streams blame it within about the planned events (statistics, section 2)."""
    blamed = first_blamed(ratio, share=5_000, streams=300)

    assert np.median(blamed) < most
    assert (blamed < NEVER).mean() > 0.98
