"""What users got, held against what was applied."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from shadowmon.demo.journal import Line
from shadowmon.demo.load import Asked
from shadowmon.demo.seen import GUARD_SECONDS, Seen, Window, count, standard_error, windows


def a_line(number, at, kind, trial="int8", **data):
    """Return a journal line at so many seconds since 1970."""
    moment = datetime.fromtimestamp(at, UTC)
    return Line(number=number, at=moment, trial=trial, kind=kind, sentence="", data=data)


def test_window_lies_between_two_changes():
    """A weight counts from when it was applied until the next move, a guard within both."""
    lines = [
        a_line(1, 10, "weight_applied", weight=100),
        a_line(2, 12, "weight_applied", weight=10_000, trial="int4"),
        a_line(3, 20, "stage_entered", weight=1000, move="climb"),
        a_line(4, 21, "weight_applied", weight=1000),
    ]

    found = windows(lines, trial="int8", until=30)

    assert found == [
        Window(trial="int8", weight=0.01, begins=10 + GUARD_SECONDS, ends=20 - GUARD_SECONDS),
        Window(trial="int8", weight=0.1, begins=21 + GUARD_SECONDS, ends=30 - GUARD_SECONDS),
    ]


def test_window_shorter_than_its_guards_is_left_out():
    """Two changes close together leave nothing that can be counted."""
    lines = [
        a_line(1, 10, "weight_applied", weight=100),
        a_line(2, 10.3, "stage_entered", weight=0, move="drop"),
    ]

    assert windows(lines, trial="int8", until=30) == []


def test_only_answers_inside_the_window_count():
    """Requests before, after, or without an answer are no part of the share."""
    asked = [
        Asked(sent_at=0.9, user=1, version="int8"),
        Asked(sent_at=1.0, user=2, version="int8"),
        Asked(sent_at=1.5, user=3, version="fp32"),
        Asked(sent_at=1.6, user=4, problem="status 503"),
        Asked(sent_at=2.0, user=5, version="int8"),
    ]

    seen = count(Window(trial="int8", weight=0.5, begins=1.0, ends=2.0), asked, users=100)

    assert (seen.asked, seen.answered, seen.share) == (2, 1, 0.5)


def a_seen(weight, asked, answered):
    """Return a count of so many requests."""
    window = Window(trial="int8", weight=weight, begins=0, ends=1)
    error = standard_error(weight, asked=asked, users=20_000)
    return Seen(window=window, asked=asked, answered=answered, standard_error=error)


@pytest.mark.parametrize(
    ("weight", "answered", "holds"),
    [
        (0.5, 500, True),
        (0.5, 545, True),
        (0.5, 550, False),
        (0.0, 0, True),
        (0.0, 1, False),
        (1.0, 1000, True),
        (1.0, 999, False),
    ],
)
def test_three_standard_errors_are_allowed_and_none_at_the_ends(weight, answered, holds):
    """A share may stray by chance, but at 0 and at 100 percent there is no chance in it."""
    assert a_seen(weight, 1000, answered).holds is holds


@pytest.mark.parametrize(
    ("weight", "asked", "judged"),
    [(0.5, 0, False), (0.01, 499, False), (0.01, 500, True), (0.99, 499, False), (1.0, 1, True)],
)
def test_too_few_say_nothing(weight, asked, judged):
    """A share is judged once five answers of the rarer model are expected, or none are."""
    seen = a_seen(weight, asked, 0)

    assert seen.is_judged is judged
    assert judged or seen.holds


def test_standard_error_is_what_simulation_finds():
    """Users split by a hash, requests drawn from them: the share's spread is the formula's."""
    dice = np.random.default_rng(5)
    shares = []
    for _ in range(4000):
        on_optimized = dice.random(200) < 0.3
        shares.append(on_optimized[dice.integers(200, size=100)].mean())

    assert np.std(shares) == pytest.approx(standard_error(0.3, asked=100, users=200), rel=0.05)
