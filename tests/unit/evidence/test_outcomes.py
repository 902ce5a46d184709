from __future__ import annotations

import math

import pytest

from shadowmon.evidence import outcomes
from shadowmon.records import Contrast, Metric, MetricKind, MetricName, Observation, Scope, Worse


VERDICTS, DIVERGENCE = MetricKind.VERDICTS, MetricKind.DIVERGENCE


def seen(**form) -> Observation:
    return Observation(metric=MetricName("m"), **form)


@pytest.mark.parametrize(
    ("baseline", "optimized", "place"),
    [(False, False, 0), (False, True, 1), (True, False, 2), (True, True, 3)],
)
def test_a_pair_of_verdicts_has_its_place(baseline, optimized, place):
    """The place of two verdicts is 2 * baseline + optimized."""
    deposit = outcomes.deposit(seen(baseline=baseline, optimized=optimized), VERDICTS)

    assert deposit == ((place, 1),)


@pytest.mark.parametrize(
    ("distance", "deposit"),
    [
        (0.0, ((0, 256),)),
        (1.0, ((128, 256),)),
        (0.5, ((64, 256),)),
        (3 / 512, ((0, 64), (1, 192))),
        (1e-9, ((0, 256),)),
        (1 - 1e-9, ((128, 256),)),
    ],
)
def test_a_distance_is_split_between_its_neighbouring_knots(distance, deposit):
    """An observed distance adds 256 units, linearly split between the two knots beside it."""
    assert outcomes.deposit(seen(distance=distance), DIVERGENCE) == deposit


@pytest.mark.parametrize("kind", MetricKind)
def test_a_missing_observation_is_counted_in_the_last_place(kind):
    """What could not be measured adds one to the last place, whatever the kind."""
    assert outcomes.deposit(seen(missing="timeout"), kind) == ((outcomes.places(kind) - 1, 1),)


@pytest.mark.parametrize("distance", [-0.1, 1.01, math.nan, math.inf])
def test_a_distance_outside_its_range_is_refused(distance):
    """A distance that is not in [0, 1] would void the guarantee, and is refused with its value."""
    with pytest.raises(ValueError, match=f"distance is {distance}, allowed is 0 to 1"):
        outcomes.deposit(seen(distance=distance), DIVERGENCE)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (VERDICTS, {}),
        (VERDICTS, {"baseline": True}),
        (VERDICTS, {"optimized": False}),
        (VERDICTS, {"distance": 0.5}),
        (VERDICTS, {"baseline": True, "optimized": True, "distance": 0.5}),
        (VERDICTS, {"baseline": True, "optimized": True, "missing": "timeout"}),
        (DIVERGENCE, {}),
        (DIVERGENCE, {"baseline": True, "optimized": True}),
        (DIVERGENCE, {"distance": 0.5, "baseline": False}),
        (DIVERGENCE, {"distance": 0.5, "missing": "timeout"}),
    ],
)
def test_a_form_that_does_not_fit_the_kind_is_refused(kind, form):
    """An observation has exactly the form that its metric's kind asks for."""
    with pytest.raises(ValueError, match=rf"metric 'm': found .* allowed for a {kind} metric is"):
        outcomes.deposit(seen(**form), kind)


def test_the_refusal_shows_what_was_found():
    """The message names the fields that were set, a False too, so that the scorer can be mended."""
    with pytest.raises(ValueError, match=r"found \{'baseline': False\}"):
        outcomes.deposit(seen(baseline=False), VERDICTS)


def test_pairs_and_missing_are_read_off_an_account():
    """Measured pairs and missing ones are told apart, in whole pairs for both kinds."""
    distances = [0] * outcomes.places(DIVERGENCE)
    distances[0], distances[1], distances[-1] = 256 + 64, 192, 5

    assert (
        outcomes.pairs(VERDICTS, (4, 3, 2, 1, 7)),
        outcomes.missing(VERDICTS, (4, 3, 2, 1, 7)),
    ) == (10, 7)
    assert (outcomes.pairs(DIVERGENCE, distances), outcomes.missing(DIVERGENCE, distances)) == (
        2,
        5,
    )


def test_rates_are_the_shares_of_yeses():
    """Each model's rate is its yeses among the measured pairs."""
    assert outcomes.rates(VERDICTS, (4, 3, 2, 1, 90)) == (0.3, 0.4)


def test_there_are_no_rates_without_verdicts():
    """A divergence has no rates, nor has an empty account."""
    assert outcomes.rates(DIVERGENCE, (256,) + (0,) * 129) == (None, None)
    assert outcomes.rates(VERDICTS, (0, 0, 0, 0, 9)) == (None, None)


@pytest.mark.parametrize(
    ("contrast", "figure"),
    [
        (Contrast.RELATIVE_DROP, 0.25),
        (Contrast.RELATIVE_RISE, -0.25),
        (Contrast.ABSOLUTE_RISE, -0.1),
        (Contrast.ANY_RISE, -0.1),
    ],
)
def test_the_figure_of_a_table_is_the_contrast_of_its_rates(contrast, figure):
    """Baseline 40 %, optimized 30 %: each contrast says so in its own way, the missing left out."""
    assert outcomes.estimate(VERDICTS, contrast, (50, 10, 20, 20, 33)) == pytest.approx(figure)


def test_the_figure_of_distances_is_their_mean():
    """The mean of distances is read off the knots, the missing left out."""
    counts = [0] * outcomes.places(DIVERGENCE)
    for distance in (0.0, 0.3, 0.9):
        for place, amount in outcomes.deposit(seen(distance=distance), DIVERGENCE):
            counts[place] += amount
    counts[-1] = 4

    assert outcomes.estimate(DIVERGENCE, Contrast.MEAN, counts) == pytest.approx(0.4, abs=1e-4)


def test_a_figure_that_divides_by_zero_is_none():
    """A relative figure needs a yes of the baseline, and every figure needs a pair."""
    assert outcomes.estimate(VERDICTS, Contrast.RELATIVE_RISE, (9, 1, 0, 0, 0)) is None
    assert outcomes.estimate(VERDICTS, Contrast.RELATIVE_DROP, (9, 1, 0, 0, 0)) is None
    assert outcomes.estimate(VERDICTS, Contrast.ABSOLUTE_RISE, (0, 0, 0, 0, 1)) is None


@pytest.mark.parametrize(
    ("kind", "worse", "contrast"),
    [
        (DIVERGENCE, Worse.HIGHER, Contrast.MEAN),
        (VERDICTS, Worse.LOWER, Contrast.RELATIVE_DROP),
        (VERDICTS, Worse.HIGHER, Contrast.ABSOLUTE_RISE),
    ],
)
def test_each_kind_of_metric_has_its_natural_contrast(kind, worse, contrast):
    """A limit without a contrast is about the figure that suits its metric."""
    metric = Metric(name=MetricName("m"), kind=kind, scope=Scope.EPOCH, worse=worse, sentence="")

    assert outcomes.contrast_of(metric) is contrast
