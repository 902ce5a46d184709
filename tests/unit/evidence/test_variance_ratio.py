from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.variance_ratio import MEANS, SHORTEST, VarianceRatio, exponent, of_parts


def ratio_of(values) -> float | None:
    ratio = VarianceRatio()
    for value in values:
        ratio.add(float(value))
    return ratio.ratio


def bursts(length: int, number: int, *, seed: int) -> np.ndarray:
    """Return bursts of equal length, in each of which all pairs are the same."""
    losses: np.ndarray = np.random.default_rng(seed).random(number) < 0.1
    return losses.repeat(length)


def test_the_ratio_is_that_of_neighbouring_means_to_single_pairs():
    """Half of the mean squared difference of neighbours, for the length that shows most."""
    values = bursts(20, 200, seed=1).astype(float)

    def by_hand(length: int) -> float:
        means = values[: len(values) // length * length].reshape(-1, length).mean(axis=1)
        return float(length * (np.diff(means) ** 2).mean() / 2 / values.var())

    lengths = [10, 20, 40, 80, 160]  # of 320 there are too few
    assert ratio_of(values) == pytest.approx(max(map(by_hand, lengths)), rel=1e-9)


@pytest.mark.parametrize(("length", "number"), [(2, 5_000), (10, 1_000), (200, 400)])
def test_bursts_are_seen_for_what_they_are(length, number):
    """Of bursts whose pairs are all the same the ratio is their length."""
    assert ratio_of(bursts(length, number, seed=2)) == pytest.approx(length, rel=0.3)


@pytest.mark.parametrize("loss", [0.01, 0.1, 0.5])
def test_independent_pairs_have_a_ratio_of_one(loss):
    """What chance makes of them is not told: their proof is not weakened at all."""
    dice = np.random.default_rng(3)

    assert ratio_of(dice.random(20_000) < loss) == 1.0


@pytest.mark.parametrize("good", [1_000, 3_050, 7_777, 20_480])
@pytest.mark.parametrize("bad", [500, 2_000])
def test_a_change_does_not_discount_its_own_proof(good, bad):
    """Independent pairs of which suddenly ten times as many are worse, at whatever moment."""
    dice = np.random.default_rng(4)
    before, after = dice.random(good) < 0.01, dice.random(bad) < 0.1

    assert ratio_of([*before, *after]) == 1.0


def test_there_is_no_ratio_too_soon_or_of_what_never_varies():
    """Too few means say nothing, and nothing is divided by zero."""
    enough = SHORTEST * (MEANS + 1)

    assert ratio_of(range(enough - 1)) is None
    assert ratio_of(range(enough)) is not None
    assert ratio_of([0.0] * enough) is None


def test_a_burst_that_was_dealt_out_to_two_is_put_together_again():
    """Each of two workers sees every other pair of it, and the sum tells of the whole."""
    values = bursts(20, 1_000, seed=5)
    halves = [ratio_of(values[0::2]), ratio_of(values[1::2])]

    together = of_parts(ratio for ratio in halves if ratio is not None)

    assert together == pytest.approx(20, rel=0.3)
    assert of_parts([1.0, 1.0]) == 1.0


@pytest.mark.parametrize(("ratio", "power"), [(None, 1.0), (0.4, 1.0), (1.0, 1.0), (4.0, 0.25)])
def test_evidence_is_tempered_only_where_pairs_go_together(ratio, power):
    """A ratio below 1 is luck, and one that is unknown changes nothing."""
    assert exponent(ratio) == power
