"""
Change windows: when a rollout may climb. It may always go down.

Hours are those of a time zone (IANA names), so that daylight saving moves with the people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some hours of some days of the week."""

    days: tuple[str, ...]
    """Out of `DAYS`."""
    begin: time
    end: time
    """Not after midnight: a night is two windows. 00:00 is the day's end."""
    zone: str

    def contains(self, now: datetime) -> bool:
        """Is it open at this moment? Its first minute belongs to it, its last one does not."""
        there = now.astimezone(ZoneInfo(self.zone))
        if DAYS[there.weekday()] not in self.days:
            return False
        clock = there.time()
        return self.begin <= clock and (clock < self.end or self.end == time.min)

    def __str__(self) -> str:
        days = ", ".join(self.days)
        return f"{days} {self.begin:%H:%M} to {self.end:%H:%M} {self.zone}"


def is_open(windows: Sequence[Window], now: datetime) -> bool:
    """Say whether any of them is open; with none at all it is always open."""
    return not windows or any(window.contains(now) for window in windows)
