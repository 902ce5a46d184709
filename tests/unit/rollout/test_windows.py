"""Change windows: hours of the week, in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from pydantic import ValidationError

from shadowmon.rollout.settings import WindowSettings
from shadowmon.rollout.windows import DAYS, Window, is_open, opens_at, shut


OFFICE = Window(
    days=("mon", "tue", "wed", "thu", "fri"),
    begin=time(9),
    end=time(17),
    zone="Europe/Berlin",
)

NEVER_MIND = datetime(2026, 1, 3, tzinfo=UTC)


def moment(numbers):
    """Return a moment: year, month, day, hour, minute, in UTC."""
    year, month, day, hour, minute = numbers
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "is_inside"),
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
def test_hours_are_those_of_the_zone(now, is_inside):
    """Daylight saving moves with the people; the first minute is in, the last one is not."""
    assert OFFICE.contains(moment(now)) is is_inside


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


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ((2026, 1, 5, 7, 0), (2026, 1, 5, 8, 0)),  # Monday before nine in Berlin
        ((2026, 1, 5, 8, 0), (2026, 1, 6, 8, 0)),  # it opens this very minute: the next one
        ((2026, 1, 9, 17, 0), (2026, 1, 12, 8, 0)),  # Friday evening
        ((2026, 3, 27, 17, 0), (2026, 3, 30, 7, 0)),  # over the beginning of summer
    ],
)
def test_it_opens_next(now, opens):
    """The next opening is told in UTC, over weekends and daylight saving."""
    assert opens_at((OFFICE,), moment(now)) == moment(opens)


def test_the_first_of_several_opens_next():
    """Of several windows the first to open counts, even with the same day of the next week."""
    weekly = Window(days=("mon",), begin=time(6), end=time(7), zone="UTC")
    monday = datetime(2026, 1, 5, 6, tzinfo=UTC)

    assert opens_at((weekly,), monday) == datetime(2026, 1, 12, 6, tzinfo=UTC)
    assert opens_at((weekly, OFFICE), monday) == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert opens_at((), monday) is None


@pytest.mark.parametrize("minute", [0, 30])
def test_a_skipped_hour_opens_on_its_day(minute):
    """A window that begins in the hour that daylight saving skips opens on that day too."""
    night = Window(days=("sun",), begin=time(2, minute), end=time(5), zone="Europe/Berlin")
    saturday = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert opens_at((night,), saturday) == datetime(2026, 3, 29, 1, minute, tzinfo=UTC)


def test_what_is_shut_is_named():
    """While no window is open they are named for people; otherwise there is nothing to say."""
    assert shut((OFFICE,), datetime(2026, 1, 3, tzinfo=UTC)) == (
        "outside the change windows (mon, tue, wed, thu, fri 09:00 to 17:00 Europe/Berlin)"
    )
    assert shut((OFFICE,), datetime(2026, 1, 5, 9, tzinfo=UTC)) == shut((), NEVER_MIND) == ""
