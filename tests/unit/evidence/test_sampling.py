from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence import sampling
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Side
from tests.streams import a_claim


def test_accounts_are_read_from_the_highest_rate_down():
    """Zeros stand for a rate at which nothing was counted yet."""
    row = sampling.one_after_the_other({200: (1, 2), 10_000: (3, 4)}, (200, 1000, 10_000), places=2)

    assert row == (3, 4, 0, 0, 1, 2)


def test_a_pair_sampled_seldom_stands_for_more():
    """The weighted sum counts a pair at 2 % fifty times against one that is always sampled."""
    pooled = sampling.weighted_sum({10_000: (10, 0), 200: (1, 3)}, places=2)

    assert list(pooled) == [60, 150]


def test_with_one_rate_nothing_is_weighted():
    """A single account is its own weighted sum, in whole numbers, whatever its rate."""
    assert sampling.weighted_sum({200: (1, 3)}, places=2) == (1, 3)
    assert sampling.shrinkage([200]) == (1.0,)


@pytest.mark.parametrize("rates", [[], [0], [10_001], [-5, 100]])
def test_a_rate_that_is_no_probability_is_refused(rates):
    """Rates are 1 to 10 000 basis points, and there is one at least."""
    with pytest.raises(ValueError, match="allowed are 1 to 10000 basis points"):
        sampling.in_order(rates)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("contrast", [Contrast.RELATIVE_DROP, Contrast.MEAN])
def test_no_pair_at_any_rate_can_ruin_a_bet(side, contrast):
    """Every factor is positive, and at the lowest rate it is the unweighted one."""
    claim = a_claim(contrast, 0.05, side)
    plain, weighted = (
        bet_on(claim, assumed_noise=0.03, rates=rates) for rates in ([200], [10_000, 1_000, 200])
    )
    places = len(plain.log_factors)

    assert len(weighted.log_factors) == 3 * places
    assert (weighted.log_factors[-places:] == plain.log_factors).all()
    assert np.isfinite(weighted.log_factors).all()


def test_a_factor_is_one_on_average_at_the_boundary():
    """Over sampling and outcome together no bet gains on a claim that is only just false."""
    process = bet_on(
        a_claim(Contrast.ABSOLUTE_RISE, 0.1, Side.WORSE), assumed_noise=0.03, rates=[10_000, 500]
    )
    law = np.array([0.7, 0.15, 0.05, 0.1, 0.0])  # a rise of 0.1
    always, seldom = np.split(law @ np.expm1(process.log_factors.reshape(2, 5, -1)), 2)

    assert always == pytest.approx(0, abs=1e-12)
    assert 0.05 * seldom == pytest.approx(0, abs=1e-12)
