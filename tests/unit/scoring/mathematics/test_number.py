from __future__ import annotations

import time

from fractions import Fraction

import pytest

from shadowmon.scoring.mathematics.number import LENGTH_MAX, number, numbers_in, same_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18", 18),
        (" 18. ", 18),
        ("-18", -18),
        ("+18", 18),
        ("007", 7),
        (".5", Fraction(1, 2)),
        ("18.00", 18),
        ("1,234,567.5", Fraction(2469135, 2)),
        ("3/4", Fraction(3, 4)),
        ("-3 / 4", Fraction(-3, 4)),
        ("1 1/2", Fraction(3, 2)),
        (r"\frac{3}{4}", Fraction(3, 4)),
        (r"-\dfrac{3}{4}", Fraction(-3, 4)),
        (r"\frac{-3}{4}", Fraction(-3, 4)),
        (r"\frac34", Fraction(3, 4)),
        (r"1\frac{1}{2}", Fraction(3, 2)),
        ("1e3", 1000),
        ("2.5E-2", Fraction(1, 40)),
        ("10^3", 1000),
        (r"1.5 \times 10^{3}", 1500),
        ("3x10^-2", Fraction(3, 100)),
    ],
)
def test_numbers(text, value):
    """Whole numbers, decimals, fractions, mixed numbers and powers of ten are read exactly."""
    read = number(text)
    assert read is not None
    assert read.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$18", 18),
        ("-$18", -18),
        ("$-18", -18),
        (r"\$1,800.50", Fraction(3601, 2)),
        ("\u20ac5", 5),
        ("18 apples", 18),
        ("18 dollars per day", 18),
        ("5kg", 5),
        (r"3\text{ cm}^2", 3),
        (r"90^\circ", 90),
        ("20 \u00b0C", 20),
        ("18 \u20ac", 18),
        ("2 dozen", 24),
        ("3 million dollars", 3_000_000),
    ],
)
def test_currencies_and_units(text, value):
    """A currency and a unit do not count; a dozen and a million do."""
    read = number(text)
    assert read is not None
    assert read.value == value


@pytest.mark.parametrize("text", ["50%", r"50\%", "50 %", "50 percent"])
def test_percentages(text):
    """A percentage is known as one, however it is written."""
    read = number(text)
    assert read is not None
    assert read.value == 50
    assert read.is_percent


@pytest.mark.parametrize(
    "text",
    ["", "x", "2x", "5xy", "5 pi", r"5\pi", "3 or 4", "5!", "1/0", "12:30", "1,2", "5 pm", "2 3"],
)
def test_what_is_no_number(text):
    """A product, a list, a time of day, a factorial or a division by zero is no number."""
    assert number(text) is None


@pytest.mark.parametrize(
    "text",
    ["1e999999999", "10^{-999999999}", "9" * (LENGTH_MAX + 1), "9" * 1_000_000, "1," * 500_000],
)
def test_numbers_that_nobody_means(text):
    """A number too long, or with too large an exponent, is none, and that is known at once."""
    began = time.perf_counter()
    assert number(text) is None
    assert time.perf_counter() - began < 0.5


def test_numbers_in_a_sentence():
    """Numbers are found as they are written; a hyphen between two is no sign, and x2 is none."""
    text = r"From 3-5 at $1,200.50, -7 or \frac{1}{2} of x2, v2.0 and 1e3."
    assert list(numbers_in(text)) == ["3", "5", "$1,200.50", "-7", r"\frac{1}{2}", "1e3"]


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("0.5", "1/2", True),
        ("1/3", "0.333333333", False),
        ("50%", "50", True),
        ("50%", "0.5", True),
        ("50%", "0.5%", False),
        ("50%", "5", False),
        ("$7.00", "7", True),
        ("-7", "7", False),
    ],
)
def test_same_numbers(one, other, are_same):
    """Numbers are compared exactly; per cent may be left out, or reckoned in."""
    ours, theirs = number(one), number(other)
    assert ours is not None
    assert theirs is not None
    assert same_number(ours, theirs) is are_same
    assert same_number(theirs, ours) is are_same
