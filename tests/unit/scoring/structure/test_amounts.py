from __future__ import annotations

from decimal import Decimal

import pytest

from shadowmon.scoring.structure.amounts import amount, same_amount


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.50", "1234.5"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("12,34,567.00", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("0,123", "0.123"),
        ("12,5", "12.5"),
        ("0", "0"),
        ("-3", "-3"),
        ("\u22123", "-3"),
        ("RM9.00", "9"),
        ("RM 9.00", "9"),
        ("-$12", "-12"),
        ("$-12", "-12"),
        ("9.00 MYR", "9"),
        ("5 %", "5"),
        ("1e-5", "0.00001"),
    ],
)
def test_number_is_read(text, value):
    """A number is read whatever groups its digits, and wherever its sign and currency stand."""
    found = amount(text)
    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nine",
        "007",
        "12/25",
        "1,23,4",
        "1,2345,678",
        "3 apples",
        "$5 %",
        "--3",
        "-$-3",
        "1" * 49,
    ],
)
def test_what_is_no_number(text):
    """Words, names of digits, dates and broken groups are no number."""
    assert amount(text) is None


def same(one, other):
    ours, theirs = amount(one), amount(other)
    assert ours is not None
    assert theirs is not None
    return same_amount(ours, theirs)


def test_currency_that_one_text_leaves_out():
    """A currency that only one side names makes no difference; two currencies do."""
    assert same("RM 9.00", "9")
    assert same("$9", "USD 9.00")
    assert not same("$9", "\u20ac9")


def test_percentage_is_not_its_number():
    """5 % is 5 percent however it is written, and never 5."""
    assert same("5%", "5.0 %")
    assert not same("5%", "5")


def test_last_digit_counts():
    """Long numbers are told apart in their last digit: they are names of something."""
    assert not same("45012345678901234567", "45012345678901234568")
