from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shadowmon.evidence.gains import check, gains
from shadowmon.records import (
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Side,
    SliceName,
    Worse,
)


GOOD = Metric(
    name=MetricName("correct"), kind=MetricKind.VERDICTS, worse=Worse.LOWER, sentence="right"
)
BAD = replace(GOOD, name=MetricName("error"), worse=Worse.HIGHER)
APART = replace(BAD, name=MetricName("divergence"), kind=MetricKind.DIVERGENCE)
EXCESS = replace(APART, lower=-10.0, upper=3.7)
QUALITY = replace(
    GOOD,
    kind=MetricKind.SCORES,
    held_to=((Contrast.RELATIVE_DROP, 0.05),),
    name=MetricName("judged"),
)
LENGTH = replace(QUALITY, worse=Worse.HIGHER, held_to=((Contrast.ABSOLUTE_RISE, 0.1),))


def a_claim(contrast: Contrast, limit: float, side: Side = Side.WORSE) -> Claim:
    return Claim(
        metric=MetricName("m"), slice=SliceName("all"), contrast=contrast, limit=limit, side=side
    )


@pytest.mark.parametrize(
    ("contrast", "limit", "won"),
    [
        (Contrast.RELATIVE_DROP, 0.25, [0, -1, 0.75, -0.25, -1]),
        (Contrast.ABSOLUTE_RISE, 0.25, [-0.25, 0.75, -1.25, -0.25, -1.25]),
        (Contrast.RELATIVE_RISE, 0.25, [0, 1, -1.25, -0.25, -1.25]),
        (Contrast.ANY_RISE, 0.0, [0, 1, -1, 0, 0]),
    ],
)
def test_a_bet_on_worse_wins_where_the_optimized_model_is_worse(contrast, limit, won):
    """One unit wins the score's distance above its boundary, and the missing lose the most."""
    assert gains(contrast, limit, Side.WORSE).tolist() == won


def test_a_bet_on_better_wins_what_the_one_on_worse_loses():
    """The two sides are opposite at every place but the missing one, where both lose the most."""
    worse = gains(Contrast.MEAN, 0.25, Side.WORSE)
    better = gains(Contrast.MEAN, 0.25, Side.BETTER)

    assert (worse[:-1] == -better[:-1]).all()
    assert (worse[-1], better[-1]) == (-0.25, -0.75)


def test_a_drop_is_a_negative_rise():
    """That a rate dropped by more than r is the claim that it rose by less than minus r."""
    drop = gains(Contrast.RELATIVE_DROP, 0.25, Side.WORSE)

    assert drop.tolist() == gains(Contrast.RELATIVE_RISE, -0.25, Side.BETTER).tolist()


@pytest.mark.parametrize(
    ("metric", "contrast"),
    [
        (APART, Contrast.RELATIVE_DROP),
        (GOOD, Contrast.MEAN),
        (GOOD, Contrast.ABSOLUTE_RISE),
        (BAD, Contrast.RELATIVE_DROP),
        (QUALITY, Contrast.ABSOLUTE_RISE),
        (LENGTH, Contrast.ANY_RISE),
        (LENGTH, Contrast.RELATIVE_DROP),
    ],
)
def test_a_contrast_that_does_not_suit_the_metric_is_refused(metric, contrast):
    """A positive figure must be worse, so a contrast goes with one kind and direction only."""
    with pytest.raises(ValueError, match=f"contrast is {contrast}, allowed for a"):
        check(a_claim(contrast, 0.1), metric)


@pytest.mark.parametrize(
    ("metric", "contrast", "limit"),
    [
        (APART, Contrast.MEAN, 0.0),
        (APART, Contrast.MEAN, 1.0),
        (EXCESS, Contrast.MEAN, -10.0),
        (EXCESS, Contrast.MEAN, 4.0),
        (GOOD, Contrast.RELATIVE_DROP, 1.0),
        (GOOD, Contrast.RELATIVE_DROP, -0.1),
        (BAD, Contrast.ABSOLUTE_RISE, 1.0),
        (BAD, Contrast.RELATIVE_RISE, -0.1),
        (BAD, Contrast.RELATIVE_RISE, float("inf")),
        (BAD, Contrast.ANY_RISE, 0.1),
        (BAD, Contrast.ABSOLUTE_RISE, float("nan")),
    ],
)
def test_a_limit_that_no_figure_can_cross_is_refused(metric, contrast, limit):
    """A limit at the end of its figure's range leaves nothing to bet on."""
    with pytest.raises(ValueError, match=f"limit is {limit}, allowed for {contrast} is"):
        check(a_claim(contrast, limit), metric)


def test_that_there_is_no_rise_at_all_cannot_be_claimed():
    """The better side of any_rise is refused, and the message says what to use instead."""
    with pytest.raises(ValueError, match="use absolute_rise with a margin"):
        check(a_claim(Contrast.ANY_RISE, 0.0, Side.BETTER), BAD)


def test_a_limit_on_scores_must_be_one_that_they_are_held_to():
    """What was not counted beforehand cannot be proven, and the message says what was."""
    check(a_claim(Contrast.RELATIVE_DROP, 0.05), QUALITY)

    with pytest.raises(ValueError, match=r"0.1 is not counted, .* is held to relative_drop 0.05"):
        check(a_claim(Contrast.RELATIVE_DROP, 0.1), QUALITY)


@pytest.mark.parametrize("ends", [(0.1, 1.0), (-1.0, 0.0), (-np.inf, 1.0), (0.0, np.nan)])
def test_a_range_of_distances_must_go_beyond_the_same(ends):
    """A divergence's range holds 0, has room above it, and ends somewhere."""
    metric = replace(APART, lower=ends[0], upper=ends[1])
    with pytest.raises(ValueError, match="which must hold 0"):
        check(a_claim(Contrast.MEAN, 0.5), metric)


@pytest.mark.parametrize(
    ("contrast", "limit", "span", "ends"),
    [
        (Contrast.MEAN, 0.5, (-10.0, 4.0), (-10.5, 3.5)),
        (Contrast.RELATIVE_DROP, 0.25, (-1.0, 0.75), (-1.0, 0.75)),
        (Contrast.ABSOLUTE_RISE, 0.25, (-1.0, 1.0), (-1.25, 0.75)),
        (Contrast.RELATIVE_RISE, 0.25, (-1.25, 1.0), (-1.25, 1.0)),
    ],
)
def test_a_histogram_wins_its_score_above_the_boundary(contrast, limit, span, ends):
    """Knots run evenly over the range; what is relative is held against 0, and missing is worst."""
    won = gains(contrast, limit, Side.WORSE, span)

    assert (won[0], won[-2], won[-1]) == (*ends, ends[0])
    assert np.diff(won[:-1]) == pytest.approx((ends[1] - ends[0]) / 128)
