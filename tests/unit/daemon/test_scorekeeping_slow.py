"""What counts as slow, by its three settings."""

from __future__ import annotations

import pytest

from shadowmon.clock import SystemClock
from shadowmon.config.settings import Settings
from shadowmon.daemon.scorekeeping import Scorekeeper
from shadowmon.records import TrialId
from shadowmon.telemetry.tallies import Tallies
from tests.factories import a_pair, a_reply


def a_keeper(**scoring):
    trial = {"route": "chat", "optimized": "int8", "task": "classification"}
    settings = Settings.model_validate(
        {
            "models": {
                "fp16": {"url": "http://127.0.0.1:9001"},
                "int8": {"url": "http://127.0.0.1:9002"},
            },
            "routes": {"chat": {"baseline": "fp16"}},
            "trials": {"int8": trial},
            "scoring": {"slow_quantile": 0.9, "slow_block": 100, **scoring},
        }
    )
    return Scorekeeper(
        settings=settings,
        clock=SystemClock(),
        metrics={TrialId("int8"): {}},
        tallies=Tallies(),
    )


def slowness(keeper, baseline, optimized):
    """Take a pair in that took so many seconds; say which model was slow, or nothing."""
    replies = (a_reply(duration_seconds=each) for each in (baseline, optimized))
    found = [(each.baseline, each.optimized) for each in keeper._slowness(a_pair(*replies))]
    return found[0] if found else None


def after_a_block(pairs=100, **scoring):
    """Return a keeper that has seen times of 1 to 100 seconds, each equally often."""
    keeper = a_keeper(**scoring)
    for number in range(pairs):
        slowness(keeper, 1 + number % 100, 1)
    return keeper


@pytest.mark.parametrize(("slow_quantile", "limit"), [(0.5, 50), (0.9, 90)])
def test_slow_is_beyond_the_baseline_s_quantile(slow_quantile, limit):
    """Of the block before; the quantile is the one that is configured."""
    keeper = after_a_block(slow_quantile=slow_quantile)

    assert slowness(keeper, limit, 1) == (False, False)
    assert slowness(keeper, limit + 1, 1) == (True, False)


@pytest.mark.parametrize(("slow_rise", "limit"), [(0.0, 90), (0.5, 135)])
def test_the_optimized_model_may_be_slower_by_the_rise(slow_rise, limit):
    """Its own limit is the baseline's quantile and so much more."""
    keeper = after_a_block(slow_rise=slow_rise)

    assert slowness(keeper, 1, limit - 1) == (False, False)
    assert slowness(keeper, 1, limit + 1) == (False, True)


@pytest.mark.parametrize("slow_block", [100, 300])
def test_nothing_is_slow_before_a_block_is_full(slow_block):
    """The first block has nothing to be held against."""
    assert slowness(after_a_block(slow_block - 1, slow_block=slow_block), 1, 1) is None
    assert slowness(after_a_block(slow_block, slow_block=slow_block), 1, 1) is not None
