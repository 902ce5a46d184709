"""A slice that cannot have its planned pairs in time is told as such."""

from __future__ import annotations

import math

import pytest

from shadowmon.evidence.coverage import Cover, coverage


DAY = 86_400.0


@pytest.mark.parametrize(
    ("planned", "seen", "elapsed", "cover", "left"),
    [
        (100, 100, DAY, Cover.COVERED, 0.0),
        (100, 250, DAY, Cover.COVERED, 0.0),
        (100, 50, DAY, Cover.UNDER_WAY, DAY),
        (100, 1, DAY, Cover.NOT_COVERED, 99 * DAY),
        (100, 0, DAY, Cover.UNDER_WAY, math.inf),
        (100, 0, 0.0, Cover.UNDER_WAY, math.inf),
        (100, 0, 30 * DAY, Cover.NOT_COVERED, math.inf),
        (math.inf, 0, DAY, Cover.NOT_COVERED, math.inf),
        (math.inf, 10_000, DAY, Cover.NOT_COVERED, math.inf),
    ],
)
def test_coverage(planned, seen, elapsed, cover, left):
    """Enough pairs are enough; too slow a pace, or a limit that cannot be proven, is no cover."""
    found = coverage(planned, seen, elapsed_seconds=elapsed, within_seconds=30 * DAY)

    assert (found.cover, found.seconds_left) == (cover, left)
    assert (found.planned_pairs, found.seen_pairs) == (planned, seen)
