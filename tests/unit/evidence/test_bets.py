from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.bets import LARGEST, RATIO, lay
from shadowmon.evidence.gains import gains
from shadowmon.records import Contrast, Side
from tests.streams import a_claim


CLAIMS = [
    a_claim(Contrast.MEAN, 0.01, Side.WORSE),
    a_claim(Contrast.MEAN, 0.9, Side.BETTER),
    a_claim(Contrast.RELATIVE_DROP, 0.0, Side.WORSE),
    a_claim(Contrast.RELATIVE_DROP, 0.05, Side.BETTER),
    a_claim(Contrast.RELATIVE_DROP, 0.8, Side.WORSE),
    a_claim(Contrast.ABSOLUTE_RISE, 0.02, Side.WORSE),
    a_claim(Contrast.ABSOLUTE_RISE, 0.0, Side.BETTER),
    a_claim(Contrast.RELATIVE_RISE, 0.1, Side.WORSE),
    a_claim(Contrast.RELATIVE_RISE, 10.0, Side.BETTER),
    a_claim(Contrast.ANY_RISE, 0.0, Side.WORSE),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
@pytest.mark.parametrize("noise", [0.001, 0.03, 1.0])
def test_the_whole_stake_is_laid_and_no_pair_can_ruin_a_bet(claim, noise):
    """Shares are positive and sum to 1, and the worst pair leaves every bet some of its wealth."""
    bets = lay(claim, assumed_noise=noise)

    worst = gains(claim.contrast, claim.limit, claim.side).min()
    assert bets.shares.min() > 0
    assert bets.shares.sum() == pytest.approx(1, abs=1e-12)
    assert bets.sizes.min() > 0
    assert (1 + bets.sizes * worst).min() > 0


def test_bets_are_spaced_by_one_ratio_up_to_nearly_the_largest():
    """The grid is logarithmic and ends just below the bet that one pair could ruin."""
    sizes = lay(CLAIMS[5], assumed_noise=0.03).sizes

    assert sizes[1:] / sizes[:-1] == pytest.approx(RATIO)
    assert sizes[-1] == pytest.approx(LARGEST / 1.02)


def test_the_stake_lies_where_the_planned_truths_grow_fastest():
    """For a drop from 0 to 1 % with 3 % noise the Kelly bet is gap / variance, about 1/3."""
    bets = lay(a_claim(Contrast.ABSOLUTE_RISE, 0.01, Side.BETTER), assumed_noise=0.03)

    favourite = bets.sizes[bets.shares.argmax()]
    assert 0.15 < favourite < 0.35


def test_more_noise_asks_for_smaller_bets():
    """The assumed noise moves the stake, and only that."""
    claim = a_claim(Contrast.ABSOLUTE_RISE, 0.01, Side.BETTER)
    quiet, noisy = lay(claim, assumed_noise=0.01), lay(claim, assumed_noise=0.3)

    assert (quiet.sizes == noisy.sizes).all()
    assert np.average(np.log(quiet.sizes), weights=quiet.shares) > np.average(
        np.log(noisy.sizes), weights=noisy.shares
    )


def test_without_a_gap_to_plan_for_the_stake_is_spread_evenly():
    """A limit of 0 has no planned truth away from it."""
    shares = lay(a_claim(Contrast.ABSOLUTE_RISE, 0.0, Side.WORSE), assumed_noise=0.03).shares

    assert shares == pytest.approx(1 / len(shares))


def test_answers_that_differ_less_allow_larger_bets():
    """A mean of 0.05 made of small distances varies less than one made of large ones."""
    claim = a_claim(Contrast.MEAN, 0.05, Side.WORSE)
    far, near = (
        lay(claim, assumed_noise=0.03, assumed_distance=distance) for distance in (1.0, 0.2)
    )

    assert (far.sizes == near.sizes).all()
    assert np.average(np.log(near.sizes), weights=near.shares) > np.average(
        np.log(far.sizes), weights=far.shares
    )


def test_a_distance_below_the_planned_mean_is_no_obstacle():
    """Where the mean is beyond the distance, the distance is moved."""
    claim = a_claim(Contrast.MEAN, 0.3, Side.WORSE)

    assert lay(claim, assumed_noise=0.03, assumed_distance=0.01).shares.sum() == pytest.approx(1)
