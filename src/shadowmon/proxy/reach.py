"""
Can a server of a model be reached? Said aloud when it no longer can, and when it can again; no I/O.

Rule 1: only connections are judged, so that a request on one that is there costs nothing.
Rule 2: one outage is two lines, however many users meet it; and of outages that follow one another
        closely only the first is told, unless a later one lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias


Say: TypeAlias = Callable[[str, Mapping[str, str | float]], None]
"""Told of an event, and its fields."""

QUIET_SECONDS = 60.0
"""From the beginning of one outage that was told until the next may be."""


class Reach:
    """One address of one model, as one worker finds it."""

    def __init__(self, model: str, address: str, *, clock: Callable[[], float], say: Say) -> None:
        """
        Make one that can be reached.

        Args:
            model: Its name.
            address: For whoever reads the log.
            clock: Seconds, from any moment on.
            say: Told `proxy.model_unreachable` and `proxy.model_reachable`.

        """
        self._names = {"model": model, "address": address}
        self._clock = clock
        self._say = say
        self._failures = 0
        self._since = 0.0
        self._told = False
        self._quiet_until: float | None = None

    def failed(self, why: str) -> None:
        """There was no connection to be had; `why` is what the system said."""
        now = self._clock()
        if not self._failures:
            self._since = now
        self._failures += 1
        if self._told or (self._quiet_until is not None and now < self._quiet_until):
            return
        self._told = True
        self._quiet_until = now + QUIET_SECONDS
        self._say("proxy.model_unreachable", self._names | {"why": why})

    def succeeded(self) -> None:
        """There was one."""
        if self._told:
            seconds = round(self._clock() - self._since, 3)
            took = {"seconds": seconds, "failures": self._failures}
            self._say("proxy.model_reachable", {**self._names, **took})
        self._told = False
        self._failures = 0
