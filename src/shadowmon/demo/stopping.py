"""When a process of the demo ends: when it is told by a signal."""

from __future__ import annotations

import asyncio
import signal


def stop_when_told(until: asyncio.Event) -> None:
    """Set the event on SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)


async def set_within(until: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, but no longer than that; say whether it is set."""
    if seconds <= 0:
        return until.is_set()
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        return False
    return True
