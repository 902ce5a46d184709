"""Passive health: when an address rests, and for how long."""

from __future__ import annotations

import pytest

from shadowmon.proxy.health import Health


class Watched:
    """An address with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rested: list[float] = []
        self.health = Health(
            after_failures=3,
            rest_seconds=1.0,
            rest_max_seconds=5.0,
            clock=lambda: self.now,
            on_rest=lambda: self.rested.append(self.now),
        )

    def fail(self, times: int) -> None:
        """Fail in a row."""
        for _ in range(times):
            self.health.failed()


def test_it_rests_after_failures_in_a_row():
    """Not before the third, and for a second."""
    address = Watched()

    told = []

    for failures, seconds in ((2, 0.0), (1, 0.0), (0, 1.0)):
        address.fail(failures)
        address.now += seconds
        told.append(address.health.rests)

    assert told == [False, True, False]


def test_an_answer_between_failures_makes_it_forget():
    """Two failures, an answer, two failures: no rest."""
    address = Watched()

    address.fail(2)
    address.health.answered(200)
    address.fail(2)

    assert not address.health.rests


def test_each_further_failure_doubles_the_rest():
    """1, 2, 4 seconds, and never more than the longest."""
    address = Watched()
    rests = []

    address.fail(3)
    for _ in range(5):
        begun = address.now
        while address.health.rests:
            address.now += 0.5
        rests.append(address.now - begun)
        address.fail(1)

    assert rests == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert len(address.rested) == 6


def test_what_fails_during_a_rest_prolongs_nothing():
    """Requests that were under way when the rest began say nothing new."""
    address = Watched()

    address.fail(50)

    assert address.rested == [100.0]
    address.now += 1.0
    assert not address.health.rests


@pytest.mark.parametrize(
    ("status", "fails"), [(200, False), (429, False), (500, False), (502, True), (504, True)]
)
def test_a_gateways_complaint_is_a_failure(status, fails):
    """502 to 504 say that nothing works behind it; a 500 may be the request's own doing."""
    address = Watched()

    for _ in range(3):
        address.health.answered(status)

    assert address.health.rests is fails
