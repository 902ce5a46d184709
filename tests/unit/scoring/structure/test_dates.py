from __future__ import annotations

import pytest

from shadowmon.scoring.structure.dates import readings, same_date


@pytest.mark.parametrize(
    "text",
    [
        "2018-12-25",
        "2018/12/25",
        "20181225",
        "25/12/2018",
        "12/25/2018",
        "25.12.18",
        "(25-12-2018)",
        "25 Dec 2018",
        "25-DEC-18",
        "25/DEC/2018",
        "25th December, 2018",
        "Dec 25, 2018",
        "December 25th 2018",
        "2018-12-25T00:00:00Z",
        "2018-12-25T02:00:00+02:00",
        "25 12 2018 12:00 AM",
    ],
)
def test_one_day_in_many_forms(text):
    """However a day is written, it is that day."""
    assert same_date(text, "2018-12-25")
    assert same_date("25/12/2018", text)


@pytest.mark.parametrize(
    "text",
    [
        "2018-12-26",
        "24/12/2018",
        "25/12/2017",
        "2018-12-25T10:00:00Z",
        "25",
        "",
        "Christmas",
        "1" * 60,
    ],
)
def test_another_day(text):
    """Another day, another time of day, and what is no date at all are not that day."""
    assert not same_date(text, "2018-12-25")


def test_day_and_month_may_stand_either_way():
    """Where the custom is open, a text is the date that the other text says it is."""
    assert same_date("01/02/2018", "2018-02-01")
    assert same_date("01/02/2018", "2018-01-02")


def test_custom_is_one_for_both():
    """Two texts of one form are not the same because they are read by two customs."""
    assert not same_date("01/02/2018", "02/01/2018")


@pytest.mark.parametrize(
    "text", ["31/02/2018", "2018-13-01", "2018-01-01 25:00", "0001-01-01T00:00+01:00"]
)
def test_what_is_no_date(text):
    """A day, an hour or a moment that does not exist is no date, and no error."""
    assert readings(text) == (None, None)


def test_time_of_day_counts():
    """The same day at another time is another moment; a zone is taken into account."""
    assert same_date("2018-12-25 22:30", "25/12/2018 10:30 PM")
    assert same_date("2018-12-25T10:30:00+01:00", "2018-12-25T09:30:00.000Z")
    assert not same_date("2018-12-25 10:30", "25/12/2018 10:30 PM")
