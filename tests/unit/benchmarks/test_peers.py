from __future__ import annotations

import numpy as np
import pytest

from benchmarks.decisions.peers import argo, diffy, fixed, flagger, kayenta
from benchmarks.decisions.peers.decided import Decided, nth
from benchmarks.decisions.table import NEVER
from shadowmon.records import Side


def checks(text: str):
    """Return one stream of checks; + has passed."""
    return np.array([[each == "+" for each in text]])


def test_the_nth_check_is_found_in_each_stream():
    """The third that passed is the fifth of the first stream, and there is none in the second."""
    passes = np.concatenate([checks("+-+-+"), checks("+-+--")])

    assert nth(passes, 3).tolist() == [5, NEVER]


def test_of_two_decisions_at_once_weight_is_taken_away():
    """No stream is both promoted and taken."""
    decided = Decided(promoted=np.array([3, 3, 2, NEVER]), taken=np.array([3, 2, 3, NEVER]))

    assert decided.promotes.tolist() == [False, False, True, False]
    assert decided.takes.tolist() == [True, True, False, False]


def test_flagger_promotes_if_the_passes_win_the_race():
    """Three passes before the third failure, 100 requests each: at check 5."""
    decided = flagger.race(checks("+-+-+-+"), iterations=3, threshold=3, requests_per_check=100)

    assert decided.promotes.all()
    assert decided.times.tolist() == [500]


def test_flagger_rolls_back_if_the_failures_win_the_race():
    """Passes in between do not set the count of failures back."""
    decided = flagger.race(checks("-+-+-++"), iterations=4, threshold=3, requests_per_check=100)

    assert decided.takes.all()
    assert decided.times.tolist() == [500]


def test_flaggers_count_of_failures_never_falls():
    """Ten failed checks among hundreds of good ones are enough."""
    passes = checks(("+" * 19 + "-") * 10)

    counted = flagger.failure_counter(passes, requests_per_check=100)

    assert counted.tolist() == [20_000]


def test_argo_takes_one_failed_measurement_more_than_its_limit():
    """With failureLimit 1, the second failed measurement ends the analysis."""
    decided = argo.analysis(checks("+-++-+"), count=6, failure_limit=1, requests_per_check=100)

    assert decided.takes.all()
    assert decided.times.tolist() == [500]


def test_argo_is_successful_once_all_are_measured():
    """As many failed as the limit allows are no failure."""
    decided = argo.analysis(checks("+-++-+"), count=6, failure_limit=2, requests_per_check=100)

    assert decided.promotes.all()
    assert decided.times.tolist() == [600]


def test_kayenta_estimates_the_shift_by_hodges_and_lehmann():
    """The median of the sixteen differences: the example of its own tests."""
    control, experiment = np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40])

    assert kayenta.shift(control, experiment) == 22.5


def test_kayenta_needs_five_points_of_each_arm_at_98_percent():
    """All apart: (8 - 1/2) / sqrt(12) is 2.17, (25/2 - 1/2) / sqrt(275/12) is 2.51; need 2.33."""
    four, five = np.arange(4.0), np.arange(5.0)

    assert kayenta.classify(four, four + 100) is kayenta.Label.PASS
    assert kayenta.classify(five, five + 100) is kayenta.Label.HIGH
    assert kayenta.classify(five + 100, five) is kayenta.Label.LOW


def test_kayenta_passes_what_is_identical():
    """The same points in another order, or all the same point, are no shift."""
    points = np.arange(10.0)

    assert kayenta.classify(points, points[::-1]) is kayenta.Label.PASS
    assert kayenta.classify(np.ones(10), np.ones(10)) is kayenta.Label.PASS


def test_kayenta_passes_a_decrease_that_is_allowed():
    """Means of 102 and 99 are a ratio of 0.97, within an allowed decrease to 0.95."""
    control = 100 + np.arange(5.0)

    assert kayenta.classify(control, control - 3) is kayenta.Label.PASS
    assert kayenta.classify(control, control - 6, allowed_decrease=0.95) is kayenta.Label.LOW
    assert kayenta.classify(control, control - 5, allowed_decrease=0.95) is kayenta.Label.PASS


@pytest.mark.parametrize(
    ("raw", "noise", "requests", "flagged"),
    [
        (3, 2, 1_000, False),  # relative: exactly 20 %
        (4, 2, 1_000, True),  # 33 %, and 0.2 % of requests
        (4, 2, 10_000, False),  # 0.02 % of requests
        (2, 4, 1_000, False),  # less than noise
        (1, 0, 1, True),  # the first request
        (0, 0, 1, False),
    ],
)
def test_diffy_shows_what_is_beyond_noise_by_a_fifth_and_not_too_rare(
    raw, noise, requests, flagged
):
    """More raw than noise, relative difference above 20 %, absolute above 0.03 %."""
    shown = diffy.is_flagged(np.array([raw]), np.array([noise]), np.array([requests]))

    assert shown.tolist() == [flagged]


def test_wilsons_interval_first_leaves_the_limit_out_where_a_table_says():
    """No failure in n: 0 is below m - 1.645 sqrt(m (1 - m) / n) from n = 1.645^2 (1 - m) / m."""
    said = fixed.wilson(np.zeros((1, 400)), 0.01, Side.BETTER, alpha=0.05, from_pair=30)

    assert said.tolist() == [268]  # 2.7055 * 99 = 267.8


def test_a_t_test_asks_for_the_quantile_of_its_degrees_of_freedom():
    """Of -1, 0, 1, 2, 3: mean 1, deviation sqrt(2); t = 1 / (sqrt(2) / sqrt(5)) = 1.58."""
    losses = np.array([[-1.0, 0, 1, 2, 3]])

    assert fixed.t_test(losses, 0.0, Side.WORSE, alpha=0.1, from_pair=5).tolist() == [5]
    assert fixed.t_test(losses, 0.0, Side.WORSE, alpha=0.05, from_pair=5).tolist() == [NEVER]


def test_an_estimated_variance_of_zero_promotes_at_the_first_look():
    """That is the trap: thirty zeros, and the asymptotic sequence is certain."""
    said = fixed.asymptotic(np.zeros((1, 40)), 0.01, Side.BETTER, alpha=0.05, from_pair=30)

    assert said.tolist() == [30]
