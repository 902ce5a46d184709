"""Change windows: hours of the week, in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from pydantic import ValidationError

from shadowmon.rollout.settings import WindowSettings
from shadowmon.rollout.windows import DAYS, Window, is_open


OFFICE = Window(
    days=("mon", "tue", "wed", "thu", "fri"),
    begin=time(9),
    end=time(17),
    zone="Europe/Berlin",
)


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        ((2026, 1, 5, 8, 0), True),  # Monday, nine in Berlin
        ((2026, 1, 5, 7, 59), False),
        ((2026, 1, 5, 15, 59), True),
        ((2026, 1, 5, 16, 0), False),
        ((2026, 7, 6, 7, 0), True),  # summer: nine again
        ((2026, 7, 6, 15, 0), False),
        ((2026, 1, 3, 12, 0), False),  # Saturday
        ((2026, 1, 4, 23, 30), False),  # Sunday here, Monday there, and too early
    ],
)
def test_hours_are_those_of_the_zone(moment, is_inside):
    """Daylight saving moves with the people; the first minute is in, the last one is not."""
    year, month, day, hour, minute = moment

    assert OFFICE.contains(datetime(year, month, day, hour, minute, tzinfo=UTC)) is is_inside


def test_a_window_may_end_with_the_day():
    """24:00 is the end of the day, and not its beginning."""
    evening = Window(days=DAYS, begin=time(22), end=time.min, zone="UTC")

    assert evening.contains(datetime(2026, 1, 5, 23, 59, tzinfo=UTC))
    assert not evening.contains(datetime(2026, 1, 5, 21, 59, tzinfo=UTC))


def test_without_windows_it_is_always_open():
    """With several, one that is open is enough."""
    night = datetime(2026, 1, 5, 2, tzinfo=UTC)

    assert is_open((), night)
    assert not is_open((OFFICE,), night)
    assert is_open((OFFICE, Window(days=DAYS, begin=time(0), end=time(6), zone="UTC")), night)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"begin": "17:00", "end": "09:00"}, "a night is two windows"),
        ({"zone": "Europe/Bielefeld"}, "no time zone known here"),
        ({"zone": "../../etc/passwd"}, "no time zone known here"),
        ({"begin": "9:00"}, "pattern"),
        ({"days": ("monday",)}, "mon"),
    ],
)
def test_what_is_no_window_is_refused(changes, problem):
    """With what is wrong, and what to do."""
    with pytest.raises(ValidationError, match=problem):
        WindowSettings.model_validate(changes)
