"""Pairs of which nobody took the time."""

from __future__ import annotations

import pytest

from shadowmon.daemon.scorekeeping import _is_timed
from shadowmon.records import Outcome
from tests.factories import a_pair, a_reply


@pytest.mark.parametrize(
    ("baseline", "optimized", "is_timed"),
    [
        (0.1, 0.2, True),
        (0.0, 0.2, False),
        (0.1, 0.0, False),
        (0.0, 0.0, False),
    ],
)
def test_a_time_that_nobody_took_is_no_time(baseline, optimized, is_timed):
    """An answer that took no time at all was not timed."""
    pair = a_pair(a_reply(duration_seconds=baseline), a_reply(duration_seconds=optimized))

    assert _is_timed(pair) is is_timed


def test_a_call_that_was_never_made_took_no_time():
    """A model that is down is not called: that is its failure, and no want of a clock."""
    down = a_reply(outcome=Outcome.REFUSED, answer=None, duration_seconds=0.0)

    assert _is_timed(a_pair(a_reply(), down))
