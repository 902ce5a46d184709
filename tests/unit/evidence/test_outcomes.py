from __future__ import annotations

import math

from dataclasses import replace

import pytest

from shadowmon.evidence import knots, outcomes
from shadowmon.records import Contrast, Counts, Metric, MetricKind, MetricName, Observation, Worse
from tests.streams import a_metric


VERDICTS, DIVERGENCE = (
    a_metric(kind, name=MetricName("m")) for kind in (MetricKind.VERDICTS, MetricKind.DIVERGENCE)
)
SCORES = a_metric(
    MetricKind.SCORES,
    name=MetricName("m"),
    worse=Worse.LOWER,
    held_to=((Contrast.RELATIVE_DROP, 0.25), (Contrast.RELATIVE_DROP, 0.5)),
)
KINDS = {metric.kind: metric for metric in (VERDICTS, DIVERGENCE, SCORES)}


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
    metric = KINDS[kind]

    assert outcomes.deposit(seen(missing="timeout"), metric) == ((outcomes.places(metric) - 1, 1),)


@pytest.mark.parametrize("distance", [-0.1, 1.01, math.nan, math.inf])
def test_a_distance_outside_its_range_is_refused(distance):
    """A distance that is not in [0, 1] would void the guarantee, and is refused with its value."""
    with pytest.raises(ValueError, match=f"distance is {distance}, allowed is 0 to 1"):
        outcomes.deposit(seen(distance=distance), DIVERGENCE)


@pytest.mark.parametrize(
    ("metric", "form"),
    [
        (VERDICTS, {}),
        (VERDICTS, {"baseline": True}),
        (VERDICTS, {"optimized": False}),
        (VERDICTS, {"distance": 0.5}),
        (VERDICTS, {"baseline": True, "optimized": True, "distance": 0.5}),
        (VERDICTS, {"baseline": True, "optimized": True, "missing": "timeout"}),
        (SCORES, {}),
        (SCORES, {"baseline": 0.5}),
        (SCORES, {"distance": 0.5}),
        (SCORES, {"baseline": 0.5, "optimized": 0.5, "missing": "timeout"}),
        (DIVERGENCE, {}),
        (DIVERGENCE, {"baseline": True, "optimized": True}),
        (DIVERGENCE, {"distance": 0.5, "baseline": False}),
        (DIVERGENCE, {"distance": 0.5, "missing": "timeout"}),
    ],
)
def test_a_form_that_does_not_fit_the_kind_is_refused(metric, form):
    """An observation has exactly the form that its metric's kind asks for."""
    refusal = rf"metric 'm': found .* allowed for a {metric.kind} metric is"
    with pytest.raises(ValueError, match=refusal):
        outcomes.deposit(seen(**form), metric)


@pytest.mark.parametrize(
    ("metric", "form", "value"),
    [
        (SCORES, "baseline", math.nan),
        (SCORES, "optimized", math.inf),
        (SCORES, "baseline", -math.inf),
        (SCORES, "optimized", 1.5),
        (SCORES, "baseline", -0.1),
        (VERDICTS, "optimized", 0.5),
        (VERDICTS, "baseline", math.nan),
    ],
)
def test_a_figure_outside_its_range_is_refused(metric, form, value):
    """Metric, model and value are named, so that the scorer can be mended."""
    pair = {"baseline": 1.0, "optimized": 1.0} | {form: value}
    with pytest.raises(ValueError, match=rf"metric 'm': {form} is {value}, allowed is"):
        outcomes.deposit(seen(**pair), metric)


def test_a_distance_may_have_a_wider_range():
    """A divergence that is corrected by the noise floor goes below 0: the knots span its range."""
    metric = replace(DIVERGENCE, lower=-10.0, upper=6.0)

    assert outcomes.deposit(seen(distance=-10.0), metric) == ((0, 256),)
    assert outcomes.deposit(seen(distance=-2.0), metric) == ((64, 256),)
    with pytest.raises(ValueError, match=r"metric 'm': distance is 6.1, allowed is -10 to 6"):
        outcomes.deposit(seen(distance=6.1), metric)


def test_the_mean_of_a_wider_range_is_in_its_own_units():
    """What is read off the knots is the mean of the distances, not of their shares of the range."""
    metric = replace(DIVERGENCE, lower=-10.0, upper=6.0)
    counts = counted(metric, *(seen(distance=distance) for distance in (-10.0, 0.5, 6.0)))

    assert outcomes.estimate(metric, Contrast.MEAN, counts) == pytest.approx(-3.5 / 3, abs=1e-3)


def test_scores_are_counted_once_for_each_limit_held_to():
    """Each histogram counts (1 - limit) x baseline - optimized over its own range."""
    counts = counted(SCORES, seen(baseline=1.0, optimized=0.25))

    first, second = (
        outcomes.part(SCORES, contrast, limit, counts) for contrast, limit in SCORES.held_to
    )
    assert knots.mean(first[:-1], (-1, 0.75)) == pytest.approx(0.5, abs=1e-4)
    assert knots.mean(second[:-1], (-1, 0.5)) == pytest.approx(0.25, abs=1e-4)
    assert sum(first) == sum(second) == 256


def test_rates_and_figure_of_scores_are_exact():
    """The two sums give what the knots could only give nearly; the missing are left out."""
    counts = counted(
        SCORES,
        seen(baseline=1.0, optimized=0.5),
        seen(baseline=0.25, optimized=0.25),
        seen(missing="timeout"),
    )

    assert (outcomes.pairs(SCORES, counts), outcomes.missing(SCORES, counts)) == (2, 1)
    assert outcomes.rates(SCORES, counts) == (0.625, 0.375)
    assert outcomes.estimate(SCORES, Contrast.RELATIVE_DROP, counts) == 0.4


def test_what_was_not_counted_cannot_be_read():
    """A limit that a scores metric is not held to has no histogram; the message says which do."""
    with pytest.raises(
        ValueError, match=r"it is counted for relative_drop 0.25, relative_drop 0.5"
    ):
        outcomes.part(SCORES, Contrast.RELATIVE_DROP, 0.1, (0,) * outcomes.places(SCORES))
    with pytest.raises(ValueError, match="must be held to a contrast and limit"):
        outcomes.places(replace(SCORES, held_to=()))


def counted(metric: Metric, *observations: Observation) -> Counts:
    counts = [0] * outcomes.places(metric)
    for observation in observations:
        for place, amount in outcomes.deposit(observation, metric):
            counts[place] += amount
    return tuple(counts)


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
        (MetricKind.SCORES, Worse.LOWER, Contrast.RELATIVE_DROP),
        (MetricKind.SCORES, Worse.HIGHER, Contrast.ABSOLUTE_RISE),
        (MetricKind.DIVERGENCE, Worse.HIGHER, Contrast.MEAN),
        (MetricKind.VERDICTS, Worse.LOWER, Contrast.RELATIVE_DROP),
        (MetricKind.VERDICTS, Worse.HIGHER, Contrast.ABSOLUTE_RISE),
    ],
)
def test_each_kind_of_metric_has_its_natural_contrast(kind, worse, contrast):
    """A limit without a contrast is about the figure that suits its metric."""
    assert outcomes.contrast_of(a_metric(kind, worse=worse)) is contrast
