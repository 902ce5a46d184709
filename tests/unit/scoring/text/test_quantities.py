from __future__ import annotations

from collections import Counter

import pytest

from shadowmon.scoring.text.quantities import number_divergence, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs $1,000.50, or 007.", ["1000.5", "7"]),
        ("7.00 is 7, and 0.50 is 0.5", ["7", "7", "0.5", "0.5"]),
        ("3,5 Liter", ["3.5"]),
        ("from -5 to \u22125.0", ["-5", "-5"]),
        ("1990-2000", ["1990", "2000"]),
        ("on 1.2.2020, version 10.0.1", ["1.2.2020", "10.0.1"]),
        ("\u0663\u0664 and -0", ["34", "0"]),
        ("no number", []),
    ],
)
def test_numbers_in_one_way_of_writing(text, expected):
    """The same number is the same, however it is written; what is built otherwise stands."""
    assert quantities(text) == expected


def test_divergence_counts_each_number_as_often_as_it_is_named():
    """Of two numbers here and two there, one is the same."""
    assert number_divergence(Counter(["1", "1"]), Counter(["1", "2"])) == 0.5


def test_numbers_that_only_one_text_names():
    """A number out of nowhere is as far away as can be; no numbers at all are no difference."""
    assert number_divergence(Counter(), Counter(["1"])) == 1.0
    assert number_divergence(Counter(), Counter()) == 0.0
