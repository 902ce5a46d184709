"""
Scrapes, answered without holding the event loop up.

Writing the metrics of a large daemon down takes a quarter of a second. It is done in a thread, and
once for all who ask within a second: several Prometheus servers cost no more than one.
"""

from __future__ import annotations

import asyncio

from shadowmon.clock import Clock
from shadowmon.telemetry.metrics import Collector, exposition


FRESH_SECONDS = 0.9
"""Shorter than the shortest usual interval of scrapes, so that each sees something new."""

_FORMATS_MAX = 4


class Scrapes:
    """Answers scrapes. For one event loop."""

    def __init__(self, collector: Collector, clock: Clock) -> None:
        """Answer from this collector, and from nowhere else."""
        self._collector = collector
        self._clock = clock
        self._turn = asyncio.Lock()
        self._written: dict[str, tuple[float, tuple[bytes, str]]] = {}
        """What was asked for -> when it was written, and what."""

    async def __call__(self, accept: str) -> tuple[bytes, str]:
        """Return what a scrape's Accept header asks for, and its content type."""
        async with self._turn:
            at, answer = self._written.get(accept, (-FRESH_SECONDS, (b"", "")))
            if answer[0] and self._clock.monotonic() - at < FRESH_SECONDS:
                return answer
            begun = self._clock.monotonic()
            answer = await asyncio.to_thread(exposition, self._collector, accept)
            if accept not in self._written and len(self._written) >= _FORMATS_MAX:
                self._written.clear()  # strangers' Accept headers must not pile up
            self._written[accept] = (begun, answer)
            return answer
