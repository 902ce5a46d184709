"""What is promised of the pager: a mean time between false alarms, and to be first."""

from __future__ import annotations

import math

import numpy as np

from shadowmon.evidence import alarm
from shadowmon.evidence.chains import Chain
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Side
from tests.streams import NEVER, SETTINGS, Law, a_claim, first_proven, verdicts


CLAIM = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)
PROCESS = bet_on(CLAIM, assumed_noise=SETTINGS.assumed_noise)
EVERY = SETTINGS.restart_pairs

GOOD = verdicts(optimized_only=0.015, baseline_only=0.015, both_yes=0.885)
ON_THE_LINE = verdicts(optimized_only=0.015, baseline_only=0.06, both_yes=0.84)
BAD = verdicts(optimized_only=0.0, baseline_only=0.09, both_yes=0.81)


def first_raised(
    segments: list[tuple[int, Law]], *, alarm_pairs: int, streams: int, seed: int
) -> np.ndarray:
    """Return after how many pairs each stream's alarm was first raised, looked at after each."""
    empty = Chain(copies=1, cut_at=0, counts=(0,) * 5, log_wealth=(0.0,))
    threshold = math.exp(alarm.read(empty, EVERY, alarm_pairs).log_threshold)
    generator = np.random.default_rng(seed)
    wealth = np.tile(PROCESS.bets.shares, (streams, 1))
    raised, look = np.full(streams, NEVER), 0
    for looks, law in segments:
        factors = np.exp(PROCESS.log_wealth(law.rows(CLAIM)))
        for _ in range(looks // 500):
            for drawn in law.draw(generator, (500, streams)):
                look += 1
                wealth *= factors[drawn]
                statistic = wealth.sum(axis=1)
                np.minimum(raised, look, out=raised, where=statistic >= threshold)
                if look % EVERY == 0:
                    wealth[wealth < 1e-200] = 0
                    wealth += PROCESS.bets.shares
    return raised


def test_a_false_alarm_is_as_rare_as_was_asked_for():
    """On the red line the mean time to the first is ten thousand pairs or more."""
    asked, looks = 10_000, 40_000

    raised = first_raised([(looks, ON_THE_LINE)], alarm_pairs=asked, streams=150, seed=1)

    mean_at_least = np.minimum(raised, looks).mean()
    assert mean_at_least >= asked


def test_it_calls_before_the_roll_back_does():
    """After a long good stretch a drop to twice the red line is paged before it is rolled back."""
    segments = [(50_000, GOOD), (3_000, BAD)]

    raised = first_raised(segments, alarm_pairs=1_000_000, streams=60, seed=2)
    proven = first_proven(CLAIM, segments, alpha=0.05, streams=60, chained=True, seed=2)

    assert (raised > 50_000).mean() >= 0.9
    assert np.median(raised) < np.median(proven)
