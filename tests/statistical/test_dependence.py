"""
What is promised where pairs come in bursts: a session that counts once keeps alpha.

Sessions of five exchanges, any two of which go together with a correlation of one half: all five
are one and the same in half of the sessions. Each look is after a session.
"""

from __future__ import annotations

import math

from dataclasses import dataclass

import numpy as np
import pytest

from shadowmon.evidence.variance_ratio import VarianceRatio
from shadowmon.records import Claim, Contrast, MetricKind, Side, Worse
from tests.streams import NEVER, Law, a_claim, a_metric, at_most, first_proven, scores, verdicts


ALPHA = 0.05
LENGTH, TOGETHER = 5, 0.5
DESIGN_EFFECT = 1 + (LENGTH - 1) * TOGETHER
STREAMS = 1_000
LOOKS = 8_000

RED_LINE = a_claim(Contrast.RELATIVE_DROP, 0.05, Side.WORSE)
MEANS = a_metric(
    MetricKind.SCORES, worse=Worse.LOWER, held_to=((RED_LINE.contrast, RED_LINE.limit),)
)


@dataclass(frozen=True)
class Sessions:
    """Sessions of exchanges drawn from a law of verdicts; rows are those of their sums."""

    one: Law
    counts: np.ndarray
    """(kinds of session, places): how many of the session's exchanges fell into each place."""
    chances: tuple[float, ...]

    metric = a_metric(MetricKind.VERDICTS, worse=Worse.LOWER)
    rates = (10_000,)
    power = 1.0

    def rows(self, claim: Claim) -> np.ndarray:
        return self.counts @ self.one.rows(claim)

    def draw(self, generator, size):
        return np.searchsorted(np.cumsum(self.chances)[:-1], generator.random(size), "right")

    def collapsed(self) -> Law:
        """Return the law of the sessions' means."""
        baseline = (self.counts[:, 2] + self.counts[:, 3]) / LENGTH
        optimized = (self.counts[:, 1] + self.counts[:, 3]) / LENGTH
        return scores(
            list(zip(baseline.tolist(), optimized.tolist(), strict=True)), self.chances, MEANS
        )


@dataclass(frozen=True)
class Tempered:
    """The same sessions, and every bet on them to the power 1/ratio."""

    of: Sessions
    ratio: float

    metric = Sessions.metric
    rates = Sessions.rates

    @property
    def power(self) -> float:
        return 1 / self.ratio

    def rows(self, claim: Claim) -> np.ndarray:
        return self.of.rows(claim)

    def draw(self, generator, size):
        return self.of.draw(generator, size)


def sessions(one: Law) -> Sessions:
    found: dict[tuple[int, ...], float] = {}
    for counts in np.ndindex(*[LENGTH + 1] * 4):
        if sum(counts) == LENGTH:
            ways = math.factorial(LENGTH) / math.prod(math.factorial(each) for each in counts)
            apart = ways * math.prod(
                chance**each for chance, each in zip(one.chances, counts, strict=True)
            )
            found[counts] = (1 - TOGETHER) * apart
    for place, chance in enumerate(one.chances):
        alone = tuple(LENGTH if place == other else 0 for other in range(4))
        found[alone] += TOGETHER * chance
    return Sessions(one, np.array(list(found)), tuple(found.values()))


ON_THE_LINE = sessions(verdicts(optimized_only=0.015, baseline_only=0.06, both_yes=0.84))
FAR_BELOW = sessions(verdicts(optimized_only=0.015, baseline_only=0.15, both_yes=0.75))


def ever(law, *, alpha=ALPHA, streams=STREAMS) -> float:
    proven = first_proven(
        RED_LINE, [(LOOKS, law)], alpha=alpha, streams=streams, chained=True, seed=31
    )
    return float((proven < NEVER).mean())


def test_exchanges_counted_one_by_one_do_fail_here():
    """A roll-back on the red line is false many times as often as is promised."""
    assert ever(ON_THE_LINE, streams=200) > 4 * ALPHA


def test_sessions_counted_once_keep_alpha():
    """The same traffic with each session collapsed to its mean."""
    assert ever(ON_THE_LINE.collapsed()) <= at_most(ALPHA, STREAMS)


@pytest.mark.parametrize("ratio", [DESIGN_EFFECT, 2 * DESIGN_EFFECT])
def test_tempered_evidence_keeps_alpha(ratio):
    """The wealth of each bet, in each copy, is raised to the power 1/deff."""
    assert ever(Tempered(ON_THE_LINE, ratio)) <= at_most(ALPHA, STREAMS)


def test_to_temper_the_sum_of_the_copies_does_fail_here():
    """The power of the whole is no e-value: asking for deff times the logarithm is wrong."""
    assert ever(ON_THE_LINE, alpha=ALPHA**DESIGN_EFFECT) > 2 * ALPHA


def test_the_variance_ratio_finds_the_design_effect():
    """Measured on the exchanges in their order, it is 1 + (L - 1) rho, and 1 if independent."""
    generator = np.random.default_rng(5)
    score = np.array([0.0, -1.0, 1.0, 0.0])
    law = ON_THE_LINE.one
    drawn = law.draw(generator, (8_000, LENGTH))
    drawn = np.where(generator.random((8_000, 1)) < TOGETHER, drawn[:, :1], drawn)
    bursts, alone = VarianceRatio(), VarianceRatio()
    for value in score[drawn].ravel():
        bursts.add(float(value))
    for value in score[law.draw(generator, (40_000, 1))].ravel():
        alone.add(float(value))

    assert bursts.ratio == pytest.approx(DESIGN_EFFECT, rel=0.25)
    assert alone.ratio == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize(
    "law", [FAR_BELOW.collapsed(), Tempered(FAR_BELOW, DESIGN_EFFECT)], ids=["once", "tempered"]
)
def test_a_loss_in_sessions_is_found(law):
    """Three times the red line: half of the streams prove it in a hundred sessions, and all do."""
    proven = first_proven(RED_LINE, [(2_000, law)], alpha=ALPHA, streams=200, chained=True, seed=32)

    assert np.median(proven) < 100
    assert (proven < NEVER).all()
