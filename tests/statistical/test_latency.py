"""What is promised of slow answers: a limit on a quantile, kept while traffic drifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from shadowmon.evidence.quantile import QuantileOfBefore
from shadowmon.records import Contrast, Metric, MetricKind, Side
from tests.streams import NEVER, a_claim, a_metric, at_most, first_proven


ALPHA = 0.05
BLOCK = 1_000
RISE = 0.1
VERDICTS = a_metric(MetricKind.VERDICTS)
SLOWER = a_claim(Contrast.ABSOLUTE_RISE, 0.0, Side.WORSE)


@dataclass
class Slow:
    """Pairs that were already compared; a 2x2 law's rows, and one more for the first block."""

    places: np.ndarray
    """(looks, streams)"""
    at: int = 0
    rates: tuple[int, ...] = (10_000,)
    power: float = 1.0
    metric: Metric = VERDICTS

    def rows(self, _claim) -> np.ndarray:
        return np.vstack([np.eye(5)[:4], np.zeros(5)])

    def draw(self, _generator, size):
        begin, self.at = self.at, self.at + size[0]
        return self.places[begin : self.at]


def compared(
    times: float, *, spread: float, pairs: int, streams: int, seed: int, step: float = 0.0
) -> Slow:
    """
    Return durations that drift with the hour, held against p95 of the block before.

    They are whole steps, if there is one: then many are the same, and so is p95.
    """
    generator = np.random.default_rng(seed)
    hour = 1 + 0.3 * np.sin(np.arange(pairs) / 700)[:, None]
    baseline = hour * generator.lognormal(0, spread, (pairs, streams))
    optimized = times * hour * generator.lognormal(0, spread, (pairs, streams))
    if step:
        baseline, optimized = np.ceil(baseline / step) * step, np.ceil(optimized / step) * step
    places = np.full((pairs, streams), 4)
    for stream in range(streams):
        before = QuantileOfBefore(0.95, BLOCK)
        for number, (one, other) in enumerate(
            zip(baseline[:, stream].tolist(), optimized[:, stream].tolist(), strict=True)
        ):
            slow = before.compare(one, other, rise=RISE)
            if slow is not None:
                places[number, stream] = 2 * slow[0] + slow[1]
    return Slow(places)


def test_a_slower_tail_is_proven_wrongly_with_at_most_alpha():
    """A p95 that is exactly a tenth higher, with drift, looked at 5 000 times."""
    pairs, streams = 5_000, 200
    law = compared(1 + RISE, spread=0.6, pairs=pairs, streams=streams, seed=1)

    proven = first_proven(
        SLOWER, [(pairs, law)], alpha=ALPHA, streams=streams, chained=True, seed=0
    )

    assert (proven < NEVER).mean() <= at_most(ALPHA, streams)


@pytest.mark.parametrize("step", [0.2, 1.0])
def test_many_equal_durations_are_not_taken_for_a_slower_tail(step):
    """Both models take whole steps of time, so that many pairs take the very p95."""
    pairs, streams = 5_000, 200
    law = compared(1.0, spread=0.6, pairs=pairs, streams=streams, seed=3, step=step)

    proven = first_proven(
        SLOWER, [(pairs, law)], alpha=ALPHA, streams=streams, chained=True, seed=0
    )

    assert (proven < NEVER).mean() <= at_most(ALPHA, streams)


@pytest.mark.parametrize(("times", "most"), [(1.2, 2_500), (1.5, 1_200)])
def test_a_slower_tail_is_found(times, most):
    """Within so many pairs, of which the first thousand only measure the baseline."""
    pairs, streams = 2 * most, 60
    law = compared(times, spread=0.3, pairs=pairs, streams=streams, seed=2)

    proven = first_proven(SLOWER, [(pairs, law)], alpha=ALPHA, streams=streams, seed=0)

    assert np.median(proven) < most
