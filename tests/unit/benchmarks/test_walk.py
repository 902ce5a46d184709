from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.decisions.bound import fewest
from benchmarks.decisions.laws import LAWS, agreement, flips, sparse, text
from benchmarks.decisions.noise_floor import excess_law
from benchmarks.decisions.stakes import METRIC, PAIRED, SETTINGS, SUBJECTS, stake
from benchmarks.decisions.table import NEVER
from benchmarks.decisions.walk import (
    Traffic,
    Walk,
    first_proven,
    first_proven_in_logarithms,
    first_proven_of,
)
from shadowmon.evidence import outcomes
from shadowmon.evidence.bets import assumed_noise
from shadowmon.evidence.weigh import Scales
from shadowmon.records import Side


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("law_of", [agreement, flips, text, sparse])
def test_the_walk_is_what_the_product_weighs(law_of, chained):
    """The tables speak of the product: the same pairs give the same e-values, at every look."""
    subject, law = SUBJECTS[law_of], law_of(0.03)
    noise = assumed_noise(stake(subject, 0.02, Side.WORSE).claim, SETTINGS)
    laid = stake(subject, 0.02, Side.WORSE, noise=noise, chained=chained)
    metric = subject.metric(0.02)
    scales = Scales(
        metrics={METRIC: metric},
        settings=SETTINGS.model_copy(update={"assumed_distance": subject.declared_distance}),
        claims=[laid.claim],
        chained=[laid.claim] if chained else [],
    )
    account, walk = np.zeros(outcomes.places(metric), dtype=int), Walk(laid, 1)
    _, memory = scales.weigh({}, {})

    for drawn in law.draw(np.random.default_rng(1), (600, 1)):
        for place, amount in outcomes.deposit(subject.observe(law.losses[drawn[0]]), metric):
            account[place] += amount
        accounts = {laid.claim: {10_000: tuple(account.tolist())}}
        evidence, memory = scales.weigh(accounts, memory)

        e_value = walk.step(law, drawn)[0]

        assert math.log(e_value) == pytest.approx(evidence[laid.claim].log_e_value, abs=1e-8)


def test_every_way_to_walk_finds_the_same_pair():
    """Drawn beforehand or on the way, in floats or in logarithms."""
    law, laid = flips(0.05), stake(PAIRED, 0.01, Side.WORSE)
    traffic = Traffic(law=law, pairs=1_000)
    drawn = law.draw(np.random.default_rng(2), (500, 50)).T
    before = first_proven_of(laid, law, drawn, alpha=0.05)

    on_the_way = first_proven(
        laid, [traffic], alpha=0.05, streams=50, generator=np.random.default_rng(2)
    )
    logarithms = first_proven_in_logarithms(
        laid,
        np.tile(np.log(laid.shares), (50, 1)),
        traffic,
        alpha=0.05,
        generator=np.random.default_rng(3),
    )

    assert (on_the_way[before < NEVER] == before[before < NEVER]).all()
    assert np.median(logarithms) == pytest.approx(np.median(before), rel=0.3)


def test_a_missing_pair_counts_against_the_claim():
    """It multiplies every bet by the least that any pair could."""
    laid = stake(PAIRED, 0.02, Side.BETTER)
    law = flips(0.0)

    measured = laid.factors(law)
    missing = laid.factors(type(law)(losses=np.array([np.nan]), chances=np.ones(1)))

    assert (missing[0] == measured.min(axis=0)).all()


@pytest.mark.parametrize("law_of", LAWS.values())
@pytest.mark.parametrize("loss", [0.0, 0.005, 0.02, 0.05])
def test_a_law_has_the_loss_that_it_is_asked_for(law_of, loss):
    """All figures of the tables are about known truths."""
    law = law_of(loss)

    assert law.mean == pytest.approx(loss, abs=1e-4)
    assert law.chances.sum() == pytest.approx(1)


def test_the_excess_over_the_noise_floor_has_the_mean_of_the_excess():
    """However seldom the baseline is asked twice."""
    assert excess_law().mean == pytest.approx(0.01)


def test_the_bound_of_answers_that_agree_is_bernoullis():
    """No disagreement at all, limit 1 %: log 20 / -log 0.99 = 298.1 requests."""
    bound = fewest(agreement(0.0), 0.01, Side.BETTER, span=(0.0, 1.0), alpha=0.05)

    assert bound == pytest.approx(math.log(20) / -math.log(0.99), rel=1e-6)


def test_the_bound_of_a_loss_is_its_divergence_from_the_limit():
    """KL(0.02 || 0.01) = 0.02 log 2 + 0.98 log(98/99) nats per request."""
    bound = fewest(agreement(0.02), 0.01, Side.WORSE, span=(0.0, 1.0), alpha=0.05)

    divergence = 0.02 * math.log(2) + 0.98 * math.log(0.98 / 0.99)
    assert bound == pytest.approx(math.log(20) / divergence, rel=1e-4)
