"""What is promised of sampled traffic: unequal rates do not bias the evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shadowmon.evidence import confseq
from shadowmon.evidence.sampling import EVERY_ONE, in_order
from shadowmon.records import Contrast, Side
from tests.streams import (
    NEVER,
    a_claim,
    at_most,
    distances,
    first_proven,
    log_e_paths,
    sampled,
    verdicts,
)


ALPHA = 0.05
STREAMS = 600
LOOKS = 30_000


def lossy(loss: float):
    return verdicts(optimized_only=0.01, baseline_only=0.01 + loss, both_yes=0.85)


# Most traffic is sampled seldom and does well; what is sampled always does badly, and the reverse.
WORSE = sampled((0.8, 200, lossy(0.02)), (0.15, 1_000, lossy(0.04)), (0.05, 10_000, lossy(0.10)))
BETTER = sampled((0.8, 200, lossy(0.06)), (0.15, 1_000, lossy(0.03)), (0.05, 10_000, lossy(0.0)))
ON_THE_LIMIT = {Side.WORSE: (WORSE, 0.027), Side.BETTER: (BETTER, 0.0525)}


def limit_of(loss: float) -> float:
    """Return the drop that a loss is of the baseline's rate, which moves with the loss."""
    return loss / (0.86 + loss)


@pytest.mark.parametrize("side", Side)
def test_sampled_traffic_is_judged_wrongly_with_at_most_alpha(side):
    """On the limit over all traffic, cohorts sampled at 2 %, 10 % and 100 %."""
    law, loss = ON_THE_LIMIT[side]
    claim = a_claim(Contrast.RELATIVE_DROP, limit_of(loss), side)

    proven = first_proven(
        claim,
        [(LOOKS, law)],
        alpha=ALPHA,
        streams=STREAMS,
        chained=side is Side.WORSE,
        seed=12,
    )

    assert (proven < NEVER).mean() <= at_most(ALPHA, STREAMS)


@pytest.mark.parametrize("side", Side)
def test_without_the_weights_it_does_fail_here(side):
    """The same pairs counted as if all were sampled alike are nearly always judged wrongly."""
    law, loss = ON_THE_LIMIT[side]
    claim = a_claim(Contrast.RELATIVE_DROP, limit_of(loss), side)
    naive = replace(law, rates=(EVERY_ONE,), rate_of=())

    proven = first_proven(claim, [(LOOKS, naive)], alpha=ALPHA, streams=100, seed=12)

    assert (proven < NEVER).mean() > 0.9


def test_a_real_loss_of_sampled_traffic_is_found():
    """Rates that are not far apart still find three times the limit soon."""
    law = sampled((0.7, 2_000, lossy(0.15)), (0.3, 10_000, lossy(0.15)))

    proven = first_proven(
        a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE),
        [(5_000, law)],
        alpha=ALPHA,
        streams=100,
        seed=3,
    )

    assert np.median(proven) < 800


def test_the_interval_of_sampled_traffic_holds_the_truth():
    """The mean over all traffic is left out at any of ten looks in at most alpha of streams."""
    law = sampled((0.8, 500, distances(0.02)), (0.2, 10_000, distances(0.10)))
    truth = 0.8 * 0.02 + 0.2 * 0.10
    streams, looks = 40, np.geomspace(100, 20_000, 10).astype(int)
    deposits = law.deposits().astype(int)
    rate_of = np.array(law.rate_of)
    drawn = law.draw(np.random.default_rng(4), (looks[-1], streams))
    left_out = 0
    for stream in drawn.T:
        hits = [np.bincount(stream[:look], minlength=len(deposits)) for look in looks]
        ends = [
            confseq.interval(
                law.metric,
                Contrast.MEAN,
                {
                    rate: tuple((hit[rate_of == rate] @ deposits[rate_of == rate]).tolist())
                    for rate in in_order(law.rates)
                },
                alpha=0.05,
                rates=law.rates,
            )
            for hit in hits
        ]
        left_out += any(not low <= truth <= high for low, high in ends)  # type: ignore[operator]

    assert left_out / streams <= at_most(0.05, streams)


def test_the_walk_of_a_sampled_stream_stays_a_fair_game():
    """Over many streams the e-value on the limit is 1 on average after a fixed number of pairs."""
    law, loss = ON_THE_LIMIT[Side.BETTER]
    claim = a_claim(Contrast.RELATIVE_DROP, limit_of(loss), Side.BETTER)
    *_, last = log_e_paths(claim, [(200, law)], streams=4_000, chained=False, seed=1)

    assert last.mean() == pytest.approx(1, abs=4 * last.std() / np.sqrt(4_000))
