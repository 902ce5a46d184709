"""Drops against length and hour."""

from __future__ import annotations

import pytest

from shadowmon.telemetry.skew import drop_skew


def test_even_drops() -> None:
    """Where each part loses the same share the skew is 1."""
    counts: dict[tuple[str, ...], float] = {
        (part, fate): n for part in "ab" for fate, n in (("kept", 90), ("dropped", 10))
    }

    assert drop_skew(counts) == pytest.approx(1)


def test_one_part_loses_more() -> None:
    """The part that loses most is held against all: 40 % here, and 25 % of all."""
    counts: dict[tuple[str, ...], float] = {
        ("a", "kept"): 90,
        ("a", "dropped"): 10,
        ("b", "kept"): 60,
        ("b", "dropped"): 40,
    }

    assert drop_skew(counts) == pytest.approx(1.6)


def test_nothing_to_tell() -> None:
    """With too few exchanges in every part there is no skew."""
    assert drop_skew({}) is None
    assert drop_skew({("a", "kept"): 3, ("a", "dropped"): 3}) is None


def test_nothing_dropped() -> None:
    """What drops nothing drops evenly."""
    assert drop_skew({("a", "kept"): 100, ("a", "dropped"): 0}) == 1
