"""
Change windows: when a rollout may climb. It may always go down.

Hours are those of a time zone (IANA names), so that daylight saving moves with the people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
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

    def opens_at(self, now: datetime) -> datetime | None:
        """
        Return when it opens next, in UTC; None if it is of no day.

        In the hour that daylight saving skips, that is told up to an hour late.
        """
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        for day in (today + timedelta(days=ahead) for ahead in range(len(DAYS) + 1)):
            moment = datetime.combine(day, self.begin, zone).astimezone(UTC)
            if moment > now and self.contains(moment):
                return moment
        return None

    def __str__(self) -> str:
        days = ", ".join(self.days)
        return f"{days} {self.begin:%H:%M} to {self.end:%H:%M} {self.zone}"


def is_open(windows: Sequence[Window], now: datetime) -> bool:
    """Say whether any of them is open; with none at all it is always open."""
    return not windows or any(window.contains(now) for window in windows)


def opens_at(windows: Sequence[Window], now: datetime) -> datetime | None:
    """Return when the first of them opens after this moment, in UTC; None if none ever does."""
    moments = (window.opens_at(now) for window in windows)
    return min((moment for moment in moments if moment is not None), default=None)


def shut(windows: Sequence[Window], now: datetime) -> str:
    """Say which windows are shut, as a person reads it; empty while one is open."""
    if is_open(windows, now):
        return ""
    return f"outside the change windows ({'; '.join(map(str, windows))})"
