"""What is promised beside validity: a real difference is found, within about the planned pairs."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.confseq import interval
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.records import Contrast, Side
from tests.streams import NEVER, a_claim, at_most, first_proven, verdicts


NO_LOSS = verdicts(optimized_only=0.015, baseline_only=0.015)


def lossy(loss: float, *, noise: float = 0.03):
    return verdicts(optimized_only=(noise + loss) / 2, baseline_only=(noise - loss) / 2)


@pytest.mark.parametrize(
    ("limit", "law", "side", "alpha", "planned_pairs"),
    [
        (0.01, NO_LOSS, Side.BETTER, 0.05, 1_797),
        (0.01, NO_LOSS, Side.BETTER, 0.01, 2_887),
        (0.05, NO_LOSS, Side.BETTER, 0.05, 131),
        (0.01, lossy(0.005), Side.BETTER, 0.05, 7_012),
        (0.01, lossy(0.02), Side.WORSE, 0.05, 1_810),
        (0.02, lossy(0.04, noise=0.04), Side.WORSE, 0.05, 324),
        (0.05, lossy(0.10, noise=0.10), Side.WORSE, 0.01, 208),
    ],
)
def test_a_real_difference_is_found_within_the_planned_pairs(
    limit, law, side, alpha, planned_pairs
):
    """The median is near the planned one (statistics, section 9), and hardly any finds none."""
    claim = a_claim(Contrast.ABSOLUTE_RISE, limit, side)

    proven = first_proven(claim, [(12 * planned_pairs, law)], alpha=alpha, streams=400, seed=1)

    assert np.median(proven) == pytest.approx(planned_pairs, rel=0.3)
    assert (proven < NEVER).mean() > 0.98


GOOD = verdicts(optimized_only=0.015, baseline_only=0.015, both_yes=0.885)
BAD = verdicts(optimized_only=0.0, baseline_only=0.09, both_yes=0.81)


@pytest.mark.parametrize(
    ("good_pairs", "streams"),
    [
        (50_100, 100),
        *(pytest.param(50_000 + 32 * phase, 300, marks=pytest.mark.slow) for phase in range(8)),
    ],
)
def test_a_sudden_loss_is_found_after_a_long_good_stretch(good_pairs, streams):
    """From no loss to a drop of 10 %, red line 5 %: soon, at any phase of the restarts."""
    claim = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)

    proven = first_proven(
        claim, [(good_pairs, GOOD), (3_000, BAD)], alpha=0.05, streams=streams, chained=True, seed=2
    )

    assert (proven > good_pairs).mean() >= 1 - at_most(0.05, streams)
    delay = proven - good_pairs
    assert np.median(delay) <= 800
    assert np.quantile(delay, 0.9) <= 1_500


def test_without_the_chain_a_sudden_loss_is_not_found():
    """The bets from the start alone are blind to it: the chain is what finds it."""
    claim = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)

    proven = first_proven(claim, [(50_000, GOOD), (3_000, BAD)], alpha=0.05, streams=20, seed=2)

    assert (proven == NEVER).all()


@pytest.mark.parametrize(
    ("contrast", "law", "figure"),
    [
        (Contrast.ABSOLUTE_RISE, lossy(0.02), 0.02),
        (
            Contrast.RELATIVE_DROP,
            verdicts(optimized_only=0.015, baseline_only=0.06, both_yes=0.84),
            0.05,
        ),
    ],
)
def test_an_interval_holds_the_truth_at_all_looks_together(contrast, law, figure):
    """Over twenty looks at growing accounts the truth is left out in at most alpha of streams."""
    streams, looks = 60, np.geomspace(30, 20_000, 20).astype(int)
    drawn = law.draw(np.random.default_rng(4), (looks[-1], streams))
    left_out = 0
    for stream in drawn.T:
        accounts = [np.append(np.bincount(stream[:look], minlength=4), 0) for look in looks]
        ends = [
            interval(law.metric, contrast, {EVERY_ONE: tuple(account.tolist())}, alpha=0.05)
            for account in accounts
        ]
        left_out += any(not _between(figure, lower, upper) for lower, upper in ends)

    assert left_out / streams <= at_most(0.05, streams)


def _between(figure: float, lower: float | None, upper: float | None) -> bool:
    return (lower is None or lower <= figure) and (upper is None or figure <= upper)
