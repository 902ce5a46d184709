"""What is promised beside a noise floor: only what goes beyond it counts, at the promised alpha."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.floor import excess, excess_bounds
from shadowmon.records import Contrast, MetricKind, Observation, Side
from tests.streams import METRIC, NEVER, Law, a_claim, a_metric, at_most, first_proven


ALPHA = 0.05
SHARE = 0.1
MARGIN = 0.01


def noisy(noise: float, loss: float) -> Law:
    """Return a law where each model differs from the baseline by noise, half of it shared."""
    lower, upper = excess_bounds(SHARE)
    both, floor_only, distance_only = noise / 2, noise / 2, noise / 2 + loss
    chances = {
        (1.0, None): (1 - SHARE) * (both + distance_only),
        (0.0, None): (1 - SHARE) * (1 - both - distance_only),
        (1.0, 1.0): SHARE * both,
        (0.0, 1.0): SHARE * floor_only,
        (1.0, 0.0): SHARE * distance_only,
        (0.0, 0.0): SHARE * (1 - both - floor_only - distance_only),
    }
    return Law(
        pairs=tuple(
            Observation(metric=METRIC, distance=excess(distance, floor, share=SHARE))
            for distance, floor in chances
        ),
        chances=tuple(chances.values()),
        metric=a_metric(MetricKind.DIVERGENCE, lower=lower, upper=upper),
    )


@pytest.mark.parametrize("side", Side)
def test_the_excess_is_judged_wrongly_with_at_most_alpha(side):
    """Exactly the margin beyond a floor of 3 %, every tenth exchange asked twice."""
    proven = first_proven(
        a_claim(Contrast.MEAN, MARGIN, side),
        [(30_000, noisy(0.03, MARGIN))],
        alpha=ALPHA,
        streams=800,
        chained=side is Side.WORSE,
        seed=8,
    )

    assert (proven < NEVER).mean() <= at_most(ALPHA, 800)


def test_a_floor_taken_as_known_does_fail_here():
    """To subtract the floor as measured so far, as if it were exact, errs many times as often."""
    generator = np.random.default_rng(9)
    streams, pairs, noise = 150, 20_000, 0.03
    distance = generator.random((streams, pairs)) < noise + MARGIN
    asked = generator.random((streams, pairs)) < SHARE
    floor = asked & (generator.random((streams, pairs)) < noise)
    looks = np.arange(1, pairs + 1)
    measured = floor.cumsum(axis=1) / np.maximum(asked.cumsum(axis=1), 1)
    mean = distance.cumsum(axis=1) / looks
    error = np.sqrt(mean * (1 - mean) / looks)

    above = (mean - measured - MARGIN > 4.5 * error)[:, 500:]  # wide enough for a known floor

    assert above.any(axis=1).mean() > 3 * ALPHA


@pytest.mark.parametrize(
    ("loss", "side", "most"), [(0.10, Side.WORSE, 1_200), (0.03, Side.WORSE, 20_000)]
)
def test_what_goes_beyond_the_floor_is_found(loss, side, most):
    """About twice the pairs that the growth rate of statistics, section 5, allows at best."""
    proven = first_proven(
        a_claim(Contrast.MEAN, MARGIN, side),
        [(2 * most, noisy(0.03, loss))],
        alpha=ALPHA,
        streams=150,
        seed=10,
    )

    assert np.median(proven) < most
