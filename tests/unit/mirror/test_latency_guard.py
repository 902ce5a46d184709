"""Shadow calls stop while users wait longer than they used to."""

from __future__ import annotations

import pytest

from pydantic import ValidationError

from shadowmon.mirror.latency_guard import LatencyGuard
from shadowmon.mirror.settings import GuardScope, GuardSettings


SETTINGS = GuardSettings(
    scope=GuardScope.ALL, recent_seconds=10, earlier_seconds=1000, answers_min=20
)


def asked(guard: LatencyGuard, waited: float, *, begin: int, seconds: int) -> LatencyGuard:
    """Let ten users a second wait so long."""
    for tenth in range(seconds * 10):
        guard.saw(waited * (1 + tenth % 5 / 20), begin + tenth / 10)
    return guard


def test_an_even_wait_stops_nothing() -> None:
    """As long as users wait as they did, shadow calls go on."""
    assert not asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100).is_slow


def test_a_rise_stops_and_a_fall_resumes() -> None:
    """Three times the wait stops the calls soon; the old wait lets them go on soon."""
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100)
    assert asked(guard, 0.6, begin=100, seconds=40).is_slow
    assert not asked(guard, 0.2, begin=140, seconds=60).is_slow


def test_hysteresis() -> None:
    """Between the two multiples things stay as they are, either way."""
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100)
    assert not asked(guard, 0.32, begin=100, seconds=100).is_slow
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100)
    asked(guard, 0.6, begin=100, seconds=40)
    assert asked(guard, 0.32, begin=140, seconds=100).is_slow


def test_a_long_jam_does_not_become_what_used_to_be() -> None:
    """However long users wait, the calls stay stopped."""
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100)

    assert asked(guard, 0.6, begin=100, seconds=2000).is_slow


def test_a_few_answers_prove_nothing() -> None:
    """Nothing is compared before both hold enough."""
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=1)

    assert guard.rise() is None
    assert not asked(guard, 5.0, begin=1, seconds=1).is_slow


def test_nobody_asks_any_more() -> None:
    """A jam that nobody sees any more stops nothing."""
    guard = asked(LatencyGuard(SETTINGS), 0.2, begin=0, seconds=100)
    asked(guard, 0.6, begin=100, seconds=40)

    assert guard.still_slow(141)
    assert not guard.still_slow(400)


def test_the_multiples_must_differ() -> None:
    """Without a distance between them the calls would flap."""
    with pytest.raises(ValidationError, match="below rise"):
        GuardSettings(rise=1.5, resume_rise=1.5)
