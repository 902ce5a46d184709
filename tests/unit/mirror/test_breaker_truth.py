"""What is counted through a breaker is what the model did, but for the lag of its probes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shadowmon.mirror.breaker import Breaker
from shadowmon.mirror.settings import BreakerSettings


PER_SECOND = 20


def counted(fails: Callable[[float], bool], *, seconds: int) -> tuple[float, float, float]:
    """
    Let requests come evenly to a model behind a breaker.

    Returns:
        The share of failures that is counted, the share that every call would have had, and the
        share of the requests that were called.

    """
    breaker = Breaker(BreakerSettings())
    total = seconds * PER_SECOND
    found = truth = called = 0
    for number in range(total):
        now = number / PER_SECOND
        failed = fails(now)
        truth += failed
        if breaker.may_call(now):
            called += 1
            found += failed
            breaker.learn(failed=failed, now=now)
        else:
            found += 1
    return found / total, truth / total, called / total


def test_a_model_that_is_down_half_of_the_time() -> None:
    """Five minutes up, five minutes down: the share counted is right within a tenth of it."""
    found, truth, called = counted(lambda now: now % 600 >= 300, seconds=6000)

    assert truth == 0.5
    assert truth <= found <= 1.1 * truth
    assert called < 0.51


def test_a_dead_model_is_hardly_called() -> None:
    """In an hour it gets about two calls a minute, and all of its failures are counted."""
    found, truth, called = counted(lambda _: True, seconds=3600)

    assert found == truth == 1.0
    assert called * 3600 * PER_SECOND < 150


def test_a_short_outage() -> None:
    """Half a minute's restart in an hour: what is counted too much is less than the restart."""
    found, truth, _ = counted(lambda now: 1800 <= now < 1830, seconds=3600)

    assert truth <= found <= 2 * truth


def test_errors_by_chance_are_counted_as_they_are() -> None:
    """A model that fails three times in ten never opens it: its rate is counted exactly."""
    dice = np.random.default_rng(1)
    found, truth, called = counted(lambda _: bool(dice.random() < 0.3), seconds=3600)

    assert called == 1.0
    assert found == truth
