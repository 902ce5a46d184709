"""When a process of the demo ends: a signal, or the end of the process that started it."""

from __future__ import annotations

import asyncio
import signal


def stop_when_told(until: asyncio.Event, *, parent: int | None) -> None:
    """
    Set the event on SIGTERM or SIGINT, and when the parent is gone.

    Args:
        until: What to set.
        parent: A pipe that the parent holds open; it ends when the parent does, however it dies.

    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, until.set)
    if parent is not None:
        loop.add_reader(parent, until.set)


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
