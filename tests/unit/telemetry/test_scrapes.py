"""Scrapes are written once for all who ask, and beside the event loop."""

from __future__ import annotations

import asyncio
import threading

from shadowmon.telemetry.metrics import Collector
from shadowmon.telemetry.scrapes import FRESH_SECONDS, Scrapes
from shadowmon.view import DaemonView
from tests.unit.telemetry.clocks import HandClock
from tests.views import a_view


class Pictures:
    """Counts how often a picture is asked for, and by which threads."""

    def __init__(self) -> None:
        self.asked = 0
        self.threads: set[int] = set()

    def __call__(self) -> DaemonView:
        """Give a picture."""
        self.asked += 1
        self.threads.add(threading.get_ident())
        return a_view()


async def test_scrapes_at_one_time_share_one_writing() -> None:
    """Who asks within a second, or while it is being written, gets what was written."""
    pictures, clock = Pictures(), HandClock()
    scrapes = Scrapes(Collector(pictures), clock)

    first, second = await asyncio.gather(scrapes(""), scrapes(""))
    clock.advance(FRESH_SECONDS / 2)
    third = await scrapes("")

    assert first == second == third
    assert pictures.asked == 1
    assert pictures.threads != {threading.get_ident()}


async def test_a_second_later_it_is_written_anew() -> None:
    """Nobody gets what is old."""
    pictures, clock = Pictures(), HandClock()
    scrapes = Scrapes(Collector(pictures), clock)

    await scrapes("")
    clock.advance(FRESH_SECONDS)
    await scrapes("")

    assert pictures.asked == 2


async def test_formats_are_kept_apart() -> None:
    """Who asks for OpenMetrics does not get what was written for somebody else."""
    scrapes = Scrapes(Collector(a_view), HandClock())

    _, plain = await scrapes("")
    _, openmetrics = await scrapes("application/openmetrics-text;version=1.0.0")

    assert plain.startswith("text/plain")
    assert openmetrics.startswith("application/openmetrics-text")
