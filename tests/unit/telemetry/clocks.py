"""A clock that a test moves by hand."""

from __future__ import annotations

from shadowmon.clock import SystemClock


class HandClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        """Return where it stands."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.seconds += seconds
