"""How many calls may still be made: in any 60 seconds, and on this day (UTC)."""

from __future__ import annotations

from collections import deque
from datetime import date

from shadowmon.clock import Clock


_MINUTE = 60.0


class Budget:
    """Counts calls. What it does not grant depends on the time alone, never on what is asked."""

    def __init__(self, clock: Clock, *, per_minute: int, per_day: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._per_day = per_day
        self._recent: deque[float] = deque()
        self._day = date.min
        self._today = 0

    def left(self) -> int:
        """Return how many calls may be made at this moment."""
        self._forget()
        return max(0, min(self._per_minute - len(self._recent), self._per_day - self._today))

    def take(self) -> bool:
        """Spend one call; False, and nothing is spent, if there is none left."""
        if not self.left():
            return False
        self._recent.append(self._clock.monotonic())
        self._today += 1
        return True

    def _forget(self) -> None:
        begin = self._clock.monotonic() - _MINUTE
        while self._recent and self._recent[0] <= begin:
            self._recent.popleft()
        if (today := self._clock.now().date()) != self._day:
            self._day, self._today = today, 0
