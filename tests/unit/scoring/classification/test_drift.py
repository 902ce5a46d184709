from __future__ import annotations

import math

import numpy as np
import pytest

from scipy.stats import entropy, ks_2samp

from shadowmon.scoring.classification.drift import (
    SMOOTHING,
    jensen_shannon_drift,
    kolmogorov_smirnov,
    kullback_leibler_drift,
    population_stability_index,
)


BEFORE = {"cat": 60, "dog": 30, "bird": 10}
AFTER = {"cat": 20, "dog": 30, "fish": 50}
MEASURES = [jensen_shannon_drift, kullback_leibler_drift, population_stability_index]


def drift(measure, *samples):
    found = measure(*samples)
    assert found is not None
    return found


def smoothed(counts):
    shares = np.array([counts.get(key, 0) + SMOOTHING for key in ("cat", "dog", "bird", "fish")])
    return shares / shares.sum()


def test_figures_are_scipys():
    """Each figure is what its textbook formula says of the counts."""
    p, q = smoothed(BEFORE), smoothed(AFTER)
    kl = drift(kullback_leibler_drift, BEFORE, AFTER)
    psi = drift(population_stability_index, BEFORE, AFTER)
    assert kl.figure == pytest.approx(entropy(q, p))
    assert psi.figure == pytest.approx(entropy(p, q) + entropy(q, p))
    assert drift(jensen_shannon_drift, {"a": 1}, {"a": 1, "b": 1}).figure == pytest.approx(
        0.3112781
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_mix_that_did_not_move(measure):
    """The same mix has no drift, whatever the sizes of the two windows."""
    found = measure(BEFORE, {key: 10 * count for key, count in BEFORE.items()})
    assert found.figure == pytest.approx(0.0, abs=1e-3)
    assert found.excess == 0.0


@pytest.mark.parametrize("measure", MEASURES)
def test_mix_that_moved(measure):
    """A mix that moved is far beyond what is expected of one that did not."""
    found = measure(BEFORE, AFTER)
    assert found.excess > 5 * found.expected


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_was_counted(measure):
    """A window without labels has no mix to compare."""
    assert measure({}, BEFORE) is None
    assert measure(BEFORE, {"cat": 0}) is None
    assert measure({}, {}) is None


@pytest.mark.parametrize("measure", MEASURES)
def test_expected_is_the_mean_without_drift(measure):
    """Over many samples of one distribution the figure is on average what is said beside it."""
    rng = np.random.default_rng(2)
    shares = [0.4, 0.3, 0.2, 0.1]
    found = [
        measure(*(dict(zip("abcd", rng.multinomial(n, shares), strict=True)) for n in (400, 900)))
        for _ in range(400)
    ]
    assert np.mean([each.figure for each in found]) == pytest.approx(found[0].expected, rel=0.15)


def test_largest_distance_of_two_samples():
    """The Kolmogorov-Smirnov statistic is scipy's, with ties and without."""
    rng = np.random.default_rng(3)
    for ones, others in (
        (rng.normal(size=50), rng.normal(0.5, 2, size=80)),
        (rng.integers(5, size=50), rng.integers(6, size=30)),
    ):
        found = drift(kolmogorov_smirnov, ones, others)
        assert found.figure == pytest.approx(ks_2samp(ones, others).statistic, abs=1e-15)


def test_expected_distance_without_drift():
    """Of two samples of one distribution the mean distance is what is said beside it."""
    rng = np.random.default_rng(4)
    found = [drift(kolmogorov_smirnov, rng.random(500), rng.random(500)) for _ in range(300)]
    assert np.mean([each.figure for each in found]) == pytest.approx(found[0].expected, rel=0.05)


@pytest.mark.parametrize("ones", [[], [math.nan, 1.0]])
def test_samples_without_a_distribution_function(ones):
    """An empty sample, and one with NaN, cannot be compared."""
    assert kolmogorov_smirnov(ones, [1.0]) is None
    assert kolmogorov_smirnov([1.0], ones) is None
