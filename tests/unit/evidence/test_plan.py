"""How many pairs it will take: held against simulation, and infinite where nothing is proven."""

from __future__ import annotations

import math

from dataclasses import dataclass

import numpy as np
import pytest

from numpy.typing import NDArray

from shadowmon.evidence import assumed
from shadowmon.evidence.assumed import assume
from shadowmon.evidence.plan import NEVER, Forecast, plan, violation_free_pairs, violations_needed
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.evidence.settings import DependenceSettings, EvidenceSettings
from shadowmon.records import Contrast, Metric, MetricKind, MetricName, Scope, Side, Worse
from tests.streams import a_claim, first_proven


SETTINGS = EvidenceSettings(assumed_error_noise=0.03)
"""All bets are laid for the same noise, as the streams' are."""

ALPHA = 0.05
NEED = -math.log(ALPHA)
UP, DOWN = Side.WORSE, Side.BETTER

RISE, DROP, RATIO, MEAN = (
    Contrast.ABSOLUTE_RISE,
    Contrast.RELATIVE_DROP,
    Contrast.RELATIVE_RISE,
    Contrast.MEAN,
)

CASES = [
    # contrast, limit, side, truth, noise, baseline rate
    (RISE, 0.02, DOWN, 0.0, 0.03, 0.45),
    (RISE, 0.02, DOWN, 0.01, 0.03, 0.45),
    (RISE, 0.05, DOWN, 0.0, 0.03, 0.45),
    (RISE, 0.05, DOWN, 0.0125, 0.1, 0.45),
    (RISE, 0.05, DOWN, 0.025, 0.1, 0.45),
    (RISE, 0.2, DOWN, 0.0, 0.03, 0.45),
    (RISE, 0.01, DOWN, 0.0, 0.01, 0.45),
    (RISE, 0.03, DOWN, 0.0, 0.06, 0.45),
    (RISE, 0.02, UP, 0.04, 0.03, 0.45),
    (RISE, 0.02, UP, 0.06, 0.03, 0.45),
    (RISE, 0.05, UP, 0.1, 0.1, 0.45),
    (RISE, 0.05, UP, 0.075, 0.03, 0.45),
    (RISE, 0.01, UP, 0.02, 0.01, 0.45),
    (RISE, 0.2, UP, 0.3, 0.03, 0.45),
    (DROP, 0.05, DOWN, 0.0, 0.03, 0.9),
    (DROP, 0.05, DOWN, 0.0125, 0.03, 0.9),
    (DROP, 0.05, DOWN, 0.0, 0.06, 0.9),
    (DROP, 0.03, DOWN, 0.0, 0.03, 0.9),
    (DROP, 0.05, UP, 0.1, 0.03, 0.9),
    (DROP, 0.05, UP, 0.15, 0.03, 0.9),
    (DROP, 0.05, UP, 0.075, 0.06, 0.9),
    (DROP, 0.02, UP, 0.06, 0.03, 0.9),
    (DROP, 0.2, UP, 0.4, 0.03, 0.9),
    (RATIO, 0.1, UP, 4.0, 0.01, 0.05),
    (RATIO, 0.1, UP, 1.0, 0.05, 0.05),
    (MEAN, 0.05, DOWN, 0.0125, 0.0, None),
    (MEAN, 0.05, DOWN, 0.025, 0.0, None),
    (MEAN, 0.1, DOWN, 0.05, 0.0, None),
    (MEAN, 0.05, UP, 0.1, 0.0, None),
    (MEAN, 0.1, UP, 0.15, 0.0, None),
]


@dataclass(frozen=True)
class Drawn:
    """An assumed law, as the streams draw from it."""

    law: assumed.Law
    metric: Metric | None = None
    rates: tuple[int, ...] = ALL_SAMPLED
    power: float = 1.0

    def rows(self, claim) -> NDArray[np.float64]:
        del claim  # its deposits are of the claim already
        return self.law.deposits

    def draw(self, generator, size):
        return np.searchsorted(np.cumsum(self.law.chances)[:-1], generator.random(size), "right")


def simulated(claim, law, *, looks, seed, chained=False) -> NDArray[np.int64]:
    return first_proven(
        claim, [(looks, Drawn(law))], alpha=ALPHA, streams=400, chained=chained, seed=seed
    )


def test_the_forecast_is_what_happens():
    """Of thirty cases, the median is within 0.7 to 1.4 of the simulated one in 95 % or more."""
    ratios = []
    for seed, (contrast, limit, side, truth, noise, rate) in enumerate(CASES):
        claim = a_claim(contrast, limit, side)
        law = assume(claim, truth, noise=noise, baseline_rate=rate)
        median = plan(claim, law, NEED, settings=SETTINGS).median
        proven = simulated(claim, law, looks=int(1.8 * median) + 5, seed=seed)
        ratios.append(median / np.median(proven))

    assert np.mean([0.7 <= ratio <= 1.4 for ratio in ratios]) >= 0.95


def test_nine_in_ten_need_no_more_than_the_ninetieth_percentile():
    """The 90 % quantile is one: about nine streams in ten have proven the claim by then."""
    claim = a_claim(RISE, 0.05, DOWN)
    law = assume(claim, 0.0, noise=0.1, baseline_rate=0.45)
    forecast = plan(claim, law, NEED, settings=SETTINGS)

    proven = simulated(claim, law, looks=math.ceil(forecast.q90), seed=1)

    assert 0.84 <= np.mean(proven <= forecast.q90) <= 0.96


def test_a_chained_claim_takes_longer():
    """What the restart chain costs a loss that is there from the start is in the forecast."""
    claim = a_claim(DROP, 0.05, UP)
    law = assume(claim, 0.1, noise=0.03, baseline_rate=0.9)
    chained = plan(claim, law, NEED, settings=SETTINGS, chained=True)

    proven = simulated(claim, law, looks=int(2 * chained.median), seed=1, chained=True)

    assert chained.median > plan(claim, law, NEED, settings=SETTINGS).median
    assert 0.8 <= chained.median / np.median(proven) <= 1.25


def test_a_proof_that_is_weakened_takes_as_many_times_the_pairs():
    """Of quality, that is; of service, which load and outages bring, it is as before."""
    claim, weak = a_claim(DROP, 0.05, UP), DependenceSettings(temper_at_least=4)
    law = assume(claim, 0.1, noise=0.03, baseline_rate=0.9)
    settings = SETTINGS.model_copy(update={"dependence": weak})
    of_service = Metric(
        name=MetricName("slow"), kind=MetricKind.VERDICTS, sentence="", scope=Scope.STAGE
    )
    weakened = plan(claim, law, NEED, settings=settings)

    proven = first_proven(
        claim,
        [(int(2 * weakened.median), Drawn(law, power=1 / 4))],
        alpha=ALPHA,
        streams=400,
        seed=1,
    )

    assert 0.8 <= weakened.median / np.median(proven) <= 1.25
    assert plan(claim, law, NEED, settings=settings, metric=of_service) == plan(
        claim, law, NEED, settings=SETTINGS
    )


@pytest.mark.parametrize(
    ("threshold", "noise", "promote", "q90", "roll_back"),
    [
        (0.005, 0.03, 6_891, 16_576, 7_811),
        (0.01, 0.03, 1_797, 4_250, 1_810),
        (0.01, 0.1, 5_666, 13_681, 6_552),
        (0.05, 0.03, 131, 240, 128),
        (0.2, 0.03, 19, 41, 31),
    ],
)
def test_the_planned_figures(threshold, noise, promote, q90, roll_back):
    """The figures are those of the study (statistics, section 9)."""
    settings = EvidenceSettings(assumed_error_noise=noise)

    good = plan(a_claim(RISE, threshold, DOWN), 0.0, NEED, settings=settings, baseline_rate=0.45)
    bad = plan(
        a_claim(RISE, threshold, UP), 2 * threshold, NEED, settings=settings, baseline_rate=0.45
    )

    assert [good.median, good.q90] == pytest.approx([promote, q90], rel=0.05)
    assert bad.median == pytest.approx(roll_back, rel=0.05)


@pytest.mark.parametrize("contrast", [RISE, DROP, RATIO, MEAN])
@pytest.mark.parametrize("side", Side)
def test_at_the_boundary_it_takes_for_ever(contrast, side):
    """A claim whose limit is the truth itself is never proven, on either side."""
    assert plan(a_claim(contrast, 0.05, side), 0.05, NEED, settings=SETTINGS) == NEVER


def test_beyond_the_boundary_it_takes_for_ever():
    """What is false is never proven."""
    forecast = plan(a_claim(DROP, 0.05, DOWN), 0.08, NEED, settings=SETTINGS)

    assert not forecast.is_possible
    assert forecast.median == forecast.q90 == math.inf


def test_what_needs_no_evidence_takes_no_pair():
    """A need of nothing is met at once."""
    forecast = plan(a_claim(DROP, 0.05, DOWN), 0.0, 0.0, settings=SETTINGS)

    assert forecast == Forecast(median=0, q90=0, mean=0)


def test_pairs_that_are_all_alike_leave_no_doubt():
    """Where every pair is the same, the median is the mean is the 90 % quantile."""
    forecast = plan(a_claim(MEAN, 0.05, DOWN), 0.0, NEED, settings=SETTINGS)

    assert forecast.median == forecast.mean == forecast.q90


def test_more_to_prove_takes_longer():
    """The forecast grows with what is needed, with the noise, and towards the limit."""
    claim = a_claim(DROP, 0.05, DOWN)

    def median(truth=0.0, need=NEED, noise=0.03):
        return plan(claim, truth, need, noise=noise, settings=SETTINGS).median

    assert median() < median(need=2 * NEED)
    assert median() < median(noise=0.06)
    assert median() < median(truth=0.02) < median(truth=0.04)


def test_scores_are_planned_like_verdicts_at_their_widest():
    """A score that is 0 or 1 takes as many pairs as a verdict does."""
    claim = a_claim(DROP, 0.05, DOWN)
    scores = Metric(
        name=MetricName("f1"),
        kind=MetricKind.SCORES,
        worse=Worse.LOWER,
        held_to=((DROP, 0.05),),
        sentence="F1.",
    )

    verdicts = plan(claim, 0.0, NEED, settings=SETTINGS)
    forecast = plan(claim, 0.0, NEED, settings=SETTINGS, metric=scores)

    assert forecast.median == pytest.approx(verdicts.median, rel=0.1)


def test_a_corrected_divergence_pays_for_its_noise():
    """A divergence corrected by the baseline's own takes longer the more of that there is."""
    claim = a_claim(MEAN, 0.05, DOWN)
    corrected = Metric(
        name=MetricName("apart"), kind=MetricKind.DIVERGENCE, lower=-2.0, upper=2.0, sentence="-"
    )

    quiet, noisy = (
        plan(claim, 0.0, NEED, settings=SETTINGS, metric=corrected, noise=noise).median
        for noise in (0.01, 0.1)
    )

    assert quiet < noisy < math.inf


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.05, [5, 11, 14, 16, 20, 29]), (0.01, [8, 14, 17, 19, 24, 33])]
)
def test_violations_needed(alpha, needed):
    """Optimized-only violations needed beside 0, 1, 2, 3, 5 and 10 of the baseline's alone."""
    found = [
        violations_needed(baseline_only, -math.log(alpha), settings=SETTINGS)
        for baseline_only in (0, 1, 2, 3, 5, 10)
    ]

    assert found == needed


def test_violation_free_pairs():
    """So many pairs without a violation certify a limit, and not one fewer."""
    claim = a_claim(RISE, 0.01, DOWN)
    pairs = violation_free_pairs(0.01, NEED, settings=SETTINGS)
    law = assume(claim, 0.0, noise=0.0, baseline_rate=0.0)

    proven = first_proven(claim, [(pairs, Drawn(law))], alpha=ALPHA, streams=1, seed=1)

    assert proven.tolist() == [pairs]
    assert pairs >= NEED / 0.01
