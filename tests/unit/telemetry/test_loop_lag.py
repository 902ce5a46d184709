"""The event loop's lateness is measured."""

from __future__ import annotations

import asyncio

import pytest

from shadowmon.clock import Clock
from shadowmon.telemetry.loop_lag import watch_lag
from shadowmon.telemetry.tallies import Tallies
from tests.unit.telemetry.clocks import HandClock


class LateClock(HandClock):
    """Wakes a second later than it was asked to, three times; then never again."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0

    async def sleep(self, seconds: float) -> None:
        """Sleep too long."""
        self.slept += 1
        if self.slept > 3:
            raise asyncio.CancelledError
        self.advance(seconds + 1.0)


async def test_lateness_is_counted() -> None:
    """Each time the loop wakes up late, it is observed how late."""
    tallies, clock = Tallies(), LateClock()
    watching: Clock = clock

    with pytest.raises(asyncio.CancelledError):
        await watch_lag(tallies, "scoring", watching)
    told = {tally.labels: tally.value for tally in tallies.snapshot()}

    assert told == {("scoring", "1.0"): 3.0, ("scoring", "sum"): 3.0}
