from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.decisions import tempering
from benchmarks.decisions.laws import flips
from benchmarks.decisions.stakes import METRIC, PAIRED, SETTINGS, stake
from benchmarks.decisions.table import NEVER
from shadowmon.evidence import outcomes
from shadowmon.evidence.variance_ratio import SHORTEST, VarianceRatio
from shadowmon.evidence.weigh import Scales
from shadowmon.records import Side


ALL_ALIKE = tempering.Bursts(name="all alike", losses=(0.0, 0.2), chances=(0.75, 0.25))


@pytest.mark.parametrize("side", Side)
def test_a_weakened_proof_comes_when_the_product_would_give_it(side):
    """The same pairs, and the ratio measured on them after every ten, prove it at one moment."""
    drawn = ALL_ALIKE.draw(20, (4, 800), np.random.default_rng(1))
    noise = SETTINGS.assumed_error_noise  # what the product lays bets on a rise for
    laid = stake(PAIRED, 0.05, side, noise=noise, chained=side is Side.WORSE)

    found = tempering.first_proven(laid, drawn, tempering.powers(drawn)).tolist()

    assert found == [_weighed(laid, stream) for stream in drawn]
    assert len(set(found)) > 1


def _weighed(laid, stream) -> int:
    """Return after how many pairs the product proves the claim."""
    metric = PAIRED.metric(0.05)
    chained = [laid.claim] if laid.chained else []
    scales = Scales(
        metrics={METRIC: metric}, settings=SETTINGS, claims=[laid.claim], chained=chained
    )
    account, ratio = np.zeros(outcomes.places(metric), dtype=int), VarianceRatio()
    _, memory = scales.weigh({}, {})
    known = 1.0
    for number, loss in enumerate(flips(0.0).losses[stream].tolist(), start=1):
        ratio.add(loss)
        before = known
        if number % SHORTEST == 0:
            known = ratio.ratio or 1.0
        for place, amount in outcomes.deposit(PAIRED.observe(loss), metric):
            account[place] += amount
        evidence, memory = scales.weigh(
            {laid.claim: {10_000: tuple(account.tolist())}},
            memory,
            variance_ratios={METRIC: known},
            ratios_before={METRIC: before},
        )
        if evidence[laid.claim].log_e_value >= -math.log(tempering.ALPHA):
            return number
    return NEVER


def test_bursts_have_the_ratio_that_is_said_of_them():
    """The variance of means of whole bursts, times their length, over that of single pairs."""
    drawn = ALL_ALIKE.draw(50, (1, 400_000), np.random.default_rng(2))
    losses = flips(0.0).losses[drawn[0]]
    means = losses.reshape(-1, 2_000).mean(axis=1)

    assert 2_000 * means.var() / losses.var() == pytest.approx(ALL_ALIKE.ratio(50), rel=0.3)
    assert losses.mean() == pytest.approx(tempering.LIMIT, abs=0.005)
