from __future__ import annotations

import math

import pytest

from shadowmon.scoring.structure.values import WHOLE, Values


READ = Values(tolerance=1e-9, typed=False, fold=True)
TYPED = Values(tolerance=1e-9, typed=True, fold=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,234.50", 1234.5),
        ("9.00", 9),
        ("RM 9.00", 9),
        (0.1, "0.10"),
        ("true", True),
        ("No", False),
        ("25/12/2018", "2018-12-25"),
        ("RM9.00", "9.0"),
    ],
)
def test_value_as_it_is_read(one, other):
    """What a person reads as the same agrees, and by its type and its form it does not."""
    assert READ.same(one, other)
    assert READ.same(other, one)
    assert not TYPED.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME  Ltd\n", "acme ltd"),
        ("\uff11\uff12\uff13 caf\u00e9", "123 cafe\u0301"),
        ("STRASSE", "stra\u00dfe"),
        (1, 1.0),
        (100.0, 100.0 + 1e-9),
        (math.nan, math.nan),
        (10**400, 10**400),
        ([], []),
    ],
)
def test_same_values(one, other):
    """Case, blanks and compatibility forms of a string and rounding of a number do not count."""
    assert READ.same(one, other)
    assert TYPED.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, None),
        ("", None),
        ([], {}),
        (1, 2),
        (10**400, 1.5),
        ("1", True),
        ("5%", 5),
        ("007", 7),
        ("nan", math.nan),
        ("1", math.inf),
        (4501234567, 4501234568),
        ("4501234567", "4501234568"),
        ("4501234567", 4501234568),
        ("yes", "true"),
    ],
)
def test_values_that_differ(one, other):
    """`true` is not 1, null is nothing else, and of a whole number the last digit counts."""
    assert not READ.same(one, other)
    assert not READ.same(other, one)
    assert not TYPED.same(one, other)


def test_tolerance_is_relative():
    """Two numbers are the same up to the relative difference of the settings."""
    values = Values(tolerance=0.01, typed=False, fold=True)
    assert values.same(1000, 1009)
    assert values.same("1000.00", 1009)
    assert not values.same(1000, 1011)


def test_case_counts_where_it_is_asked():
    """Without folding, case and compatibility forms count; blanks never do."""
    values = Values(tolerance=0, typed=False, fold=False)
    assert values.same("ACME  Ltd", " ACME Ltd")
    assert not values.same("ACME", "acme")


def test_credit_is_the_words_in_common():
    """Two texts get the F1 of their words, whatever their order, and other values nothing."""
    assert READ.credit("12 Main Street, Springfield", "12 main st Springfield") == WHOLE * 3 / 4
    assert READ.credit("abc", "xyz") == 0
    assert READ.credit("...", "!") == 0
    assert READ.credit(12, 13) == 0
