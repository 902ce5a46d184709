"""
Dates as people write them: `2018-12-25`, `25/12/2018`, `25.12.18`, `25 Dec 2018`, `Dec 25th, 2018`.

`01/02/2018` is a day in January or in February, and nothing in it says which. Two texts are the
same date if one of the two customs makes them so, applied to both: never each by its own.
"""

from __future__ import annotations

import re

from datetime import UTC, datetime, timedelta


_LENGTH_MIN, _LENGTH_MAX = 6, 48
"""Characters; nothing shorter or longer is a date."""
_PIVOT = 69
"""Of two digits, the first year that is one of the last century, as POSIX `%y` has it."""

_MONTHS = {
    name[:size]: number
    for number, name in enumerate(
        (
            *("january", "february", "march", "april", "may", "june"),
            *("july", "august", "september", "october", "november", "december"),
        ),
        start=1,
    )
    for size in (3, len(name))
} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_GAP = r"[-/.,\s]{1,2}"
_DATE = re.compile(
    rf"""
    (?: (?P<iso> (?P<y1>\d{{4}}) (?P<s1>[-/.]) (?P<m1>\d{{1,2}}) (?P=s1) (?P<d1>\d{{1,2}}) )
      | (?P<compact> (?P<y2>(?:19|20)\d\d) (?P<m2>\d\d) (?P<d2>\d\d) )
      | (?P<numeric> (?P<one>\d{{1,2}}) (?P<s3>[-/.\s]) (?P<two>\d{{1,2}}) (?P=s3)
          (?P<y3>\d{{4}}|\d\d) )
      | (?P<day> (?P<d4>\d{{1,2}}) (?:st|nd|rd|th)? (?:{_GAP})? (?P<m4>{_MONTH}) (?:{_GAP})?
          (?P<y4>\d{{4}}|\d\d) )
      | (?P<month> (?P<m5>{_MONTH}) {_GAP} (?P<d5>\d{{1,2}}) (?:st|nd|rd|th)? {_GAP}
          (?P<y5>\d{{4}}) )
    )
    (?: (?:t|[\s,]{{1,2}}) (?P<hour>\d{{1,2}}) : (?P<minute>\d\d)
        (?: : (?P<second>\d\d) (?: \. (?P<fraction>\d{{1,6}}) \d* )? )?
        \s? (?P<half>[ap]m)? \s? (?P<zone>z|[-+]\d\d:?\d\d)? )?
    """,
    re.VERBOSE,
)


def same_date(one: str, other: str) -> bool:
    """Are both texts dates, and the same one? A time of day counts, midnight is none."""
    ours = readings(one)
    if ours == (None, None):
        return False
    theirs = readings(other)
    return any(mine is not None and mine == yours for mine, yours in zip(ours, theirs, strict=True))


def readings(text: str) -> tuple[datetime | None, datetime | None]:
    """
    Return the moment that a text is, if it is nothing else: with the day first, the month first.

    In UTC, which is also taken where no time zone is written. Where one custom makes no date of
    it (there is no month 25), the other one is meant.
    """
    if not _LENGTH_MIN <= len(text) <= _LENGTH_MAX or not (
        found := _DATE.fullmatch(text.strip(" ()[]\t\n").lower())
    ):
        return None, None
    if found["numeric"]:
        one, two = int(found["one"]), int(found["two"])
        day_first = _moment(found, found["y3"], two, one)
        month_first = _moment(found, found["y3"], one, two)
        return day_first or month_first, month_first or day_first
    if found["iso"]:
        moment = _moment(found, found["y1"], int(found["m1"]), int(found["d1"]))
    elif found["compact"]:
        moment = _moment(found, found["y2"], int(found["m2"]), int(found["d2"]))
    elif found["day"]:
        moment = _moment(found, found["y4"], _MONTHS[found["m4"]], int(found["d4"]))
    else:
        moment = _moment(found, found["y5"], _MONTHS[found["m5"]], int(found["d5"]))
    return moment, moment


def _moment(found: re.Match[str], year: str, month: int, day: int) -> datetime | None:
    try:
        midnight = datetime(_whole_year(year), month, day, tzinfo=UTC)
        return midnight + _time_of_day(found)
    except (ValueError, OverflowError):
        return None


def _whole_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:  # noqa: PLR2004 - two digits, as they are written
        return year
    return year + (1900 if year >= _PIVOT else 2000)


def _time_of_day(found: re.Match[str]) -> timedelta:
    """Return the time since midnight in UTC; raises ValueError for an hour that is none."""
    if found["hour"] is None:
        return timedelta()
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    microsecond = int((found["fraction"] or "").ljust(6, "0"))
    since = datetime(1, 1, 1, hour, minute, second, microsecond, UTC) - datetime(
        1, 1, 1, tzinfo=UTC
    )
    return since - _offset(found["zone"] or "z")


def _offset(zone: str) -> timedelta:
    if zone == "z":
        return timedelta()
    away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -away if zone[0] == "-" else away
