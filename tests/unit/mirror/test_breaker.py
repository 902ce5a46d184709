"""When a model counts as down, and how it comes back."""

from __future__ import annotations

import pytest

from shadowmon.mirror.breaker import Breaker, says_down
from shadowmon.mirror.settings import BreakerSettings
from shadowmon.records import Outcome
from tests.factories import a_reply


SETTINGS = BreakerSettings(
    failures=5, window=10, ratio=0.8, open_seconds=2, open_seconds_max=8, probes=2
)


def an_open_one() -> Breaker:
    """Return a breaker that has opened at 0 s."""
    breaker = Breaker(SETTINGS)
    for _ in range(5):
        breaker.learn(failed=True, now=0)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    """It opens with the last of so many failures in a row, and not before."""
    breaker = Breaker(SETTINGS)
    for _ in range(4):
        breaker.learn(failed=True, now=0)
        assert breaker.may_call(0)
    breaker.learn(failed=True, now=0)

    assert breaker.is_open
    assert not breaker.may_call(1.9)


def test_a_success_in_between_begins_the_row_anew() -> None:
    """A model that fails half of the time is judged by its answers, and not by the breaker."""
    breaker = Breaker(SETTINGS)
    for number in range(200):
        breaker.learn(failed=number % 2 == 0, now=0)

    assert not breaker.is_open


def test_a_ratio_of_the_window_opens_it() -> None:
    """Failures that are nearly all of a whole window open it though no row is long enough."""
    breaker = Breaker(SETTINGS)
    for number in range(12):
        breaker.learn(failed=number % 5 != 4, now=0)

    assert breaker.is_open


def test_one_probe_at_a_time() -> None:
    """After its time one call goes through, and no other until the next probe is due."""
    breaker = an_open_one()

    assert [breaker.may_call(at) for at in (1.9, 2.0, 2.1, 3.9, 4.0)] == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_failing_probes_grow_rare() -> None:
    """Each probe that fails doubles the distance, up to its limit."""
    breaker = an_open_one()
    now, distances = 0.0, []
    for _ in range(5):
        before = now
        while not breaker.may_call(now):
            now += 0.5
        breaker.learn(failed=True, now=now)
        distances.append(now - before)

    assert distances == [2, 4, 8, 8, 8]


def test_calls_under_way_when_it_opened_are_no_probes() -> None:
    """Failures that come late do not put the first probe off."""
    breaker = an_open_one()
    for _ in range(30):
        breaker.learn(failed=True, now=1)

    assert breaker.may_call(2.0)


def test_good_probes_close_it() -> None:
    """Good probes, one after the other, close it; the next follows at once."""
    breaker = an_open_one()
    assert breaker.may_call(2)
    breaker.learn(failed=False, now=2.1)
    assert [breaker.may_call(at) for at in (2.1, 2.1)] == [True, False]
    breaker.learn(failed=False, now=2.2)

    assert not breaker.is_open
    assert breaker.may_call(2.2)


def test_a_failing_probe_after_a_good_one_begins_anew() -> None:
    """A single good answer of a model that is down closes nothing."""
    breaker = an_open_one()
    breaker.may_call(2)
    breaker.learn(failed=False, now=2)
    breaker.may_call(2)
    breaker.learn(failed=True, now=2)
    breaker.may_call(6)
    breaker.learn(failed=False, now=6)

    assert breaker.is_open


@pytest.mark.parametrize(
    ("outcome", "status", "down"),
    [
        (Outcome.OK, 200, False),
        (Outcome.REFUSED, 0, True),
        (Outcome.TIMEOUT, 0, True),
        (Outcome.RESET, 200, True),
        (Outcome.ERROR, 503, True),
        (Outcome.ERROR, 429, True),
        (Outcome.ERROR, 400, False),
        (Outcome.GARBAGE, 200, False),
    ],
)
def test_what_says_that_a_model_is_down(outcome: Outcome, status: int, down: bool) -> None:
    """A wrong answer, or a request that the model refuses, is no sign of being down."""
    assert says_down(a_reply(outcome=outcome, status=status)) is down
