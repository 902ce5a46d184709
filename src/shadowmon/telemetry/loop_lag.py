"""How late an event loop wakes up: whatever else runs on it waits as long."""

from __future__ import annotations

from shadowmon.clock import Clock
from shadowmon.telemetry.tallies import Tallies


INTERVAL_SECONDS = 0.5


async def watch_lag(tallies: Tallies, process: str, clock: Clock) -> None:
    """
    Measure this process's event loop again and again, until cancelled.

    Args:
        tallies: Where it is counted.
        process: Which of the daemon's processes this is: control or scoring.
        clock: By which it sleeps.

    """
    while True:
        before = clock.monotonic()
        await clock.sleep(INTERVAL_SECONDS)
        late = max(0.0, clock.monotonic() - before - INTERVAL_SECONDS)
        tallies.observe("event_loop_lag_seconds", process, value=late)
