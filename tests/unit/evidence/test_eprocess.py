from __future__ import annotations

import math

import numpy as np
import pytest

from scipy.special import betainc, betaln

from shadowmon.evidence.eprocess import bet_on, log_sum_exp, log_sums
from shadowmon.evidence.outcomes import places
from shadowmon.records import Contrast, MetricKind, Side
from tests.streams import a_claim, a_metric


COIN = bet_on(a_claim(Contrast.ANY_RISE, 0.0, Side.WORSE), assumed_noise=0.03)


def coin_log_e(optimized_only: int, baseline_only: int) -> float:
    counts = (0, optimized_only, baseline_only, 0, 0)
    return float(COIN.log_e_value(COIN.log_wealth(counts)))


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.05, [5, 11, 14, 16, 20, 29]), (0.01, [8, 14, 17, 19, 24, 33])]
)
def test_so_many_violations_prove_a_rise(alpha, needed):
    """Violations of the optimized model alone against 0, 1, 2, 3, 5, 10 of the baseline alone."""
    found = [
        next(only for only in range(99) if coin_log_e(only, against) >= -math.log(alpha))
        for against in (0, 1, 2, 3, 5, 10)
    ]

    assert found == needed


@pytest.mark.parametrize(("a", "b"), [(0, 0), (7, 0), (3, 9), (12, 4), (30, 33)])
def test_the_coin_bets_are_the_even_prior_and_the_point_beside_it(a, b):
    """The nodes integrate 2^n theta^a (1 - theta)^b over theta in [1/2, 1] exactly."""
    spread = (
        (a + b + 1) * math.log(2)
        + betaln(a + 1, b + 1)
        + math.log(betainc(b + 1, a + 1, 0.5))
        + math.log(0.5)
    )
    point = math.log(0.5) + a * math.log(2) if b == 0 else -math.inf

    assert coin_log_e(a, b) == pytest.approx(np.logaddexp(spread, point), rel=1e-9, abs=1e-9)


def test_pairs_that_do_not_differ_say_nothing_of_a_rise():
    """Ties and missing pairs leave the evidence for any_rise as it is."""
    with_ties = COIN.log_e_value(COIN.log_wealth((1000, 6, 1, 77, 500)))

    assert with_ties == pytest.approx(coin_log_e(6, 1))


def test_nothing_seen_proves_nothing():
    """The stake is 1 before the first pair."""
    process = bet_on(a_claim(Contrast.MEAN, 0.05, Side.WORSE), assumed_noise=0.03)

    empty = [0] * places(a_metric(MetricKind.DIVERGENCE))
    assert process.log_e_value(process.log_wealth(empty)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("side", Side)
def test_ten_million_pairs_overflow_nothing(side):
    """Evidence stays finite, and says which side is true, far beyond what a float can hold."""
    process = bet_on(a_claim(Contrast.RELATIVE_DROP, 0.05, side), assumed_noise=0.03)

    log_e = process.log_e_value(process.log_wealth((0, 0, 10**7, 0, 0)))
    assert math.isfinite(log_e)
    assert (log_e > 1e6) if side is Side.WORSE else (log_e < -1e4)


def test_many_accounts_are_weighed_as_one_by_one():
    """An array of accounts gives an array of e-values."""
    process = bet_on(a_claim(Contrast.ABSOLUTE_RISE, 0.02, Side.BETTER), assumed_noise=0.03)
    accounts = np.array([[5.0, 1, 2, 3, 0], [100, 0, 0, 100, 4]])

    together = process.log_e_value(process.log_wealth(accounts))
    alone = [process.log_e_value(process.log_wealth(account)) for account in accounts]
    assert together == pytest.approx(alone)


def test_a_sum_survives_what_its_terms_do_not():
    """Terms far beyond a float's range, either way, add up as they should."""
    far = np.array([[1e6, 1e6, -np.inf], [-1e6, -1e6, -2e6]])

    assert log_sum_exp(far) == pytest.approx([1e6 + math.log(2), -1e6 + math.log(2)], rel=1e-15)


@pytest.mark.parametrize("sizes", [[3, 3, 5], [5, 3, 3], [3, 5, 3], [4], [1, 1]])
def test_parts_add_up_as_they_do_alone(sizes):
    """Sums of many parts are, to the last bit, each part's own, whatever size lies beside it."""
    rows = np.random.default_rng(3).normal(scale=30, size=(sum(sizes), 7))
    alone = [log_sum_exp(part.T) for part in np.split(rows, np.cumsum(sizes)[:-1])]

    assert (log_sums(rows, sizes) == np.array(alone)).all()
