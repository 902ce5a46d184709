from __future__ import annotations

import json

import numpy as np
import pytest

from shadowmon.evidence.variance_ratio import BLOCK, BLOCKS, VarianceRatio, exponent


def ratio_of(values) -> VarianceRatio:
    ratio = VarianceRatio()
    for value in values:
        ratio.add(float(value))
    return ratio


def test_the_ratio_is_that_of_the_two_variances():
    """A hundred times the variance of means, over that of single observations, of whole windows."""
    values = np.random.default_rng(1).normal(3, 2, (3, BLOCKS * BLOCK))
    means = values.reshape(3, -1, BLOCK).mean(axis=2)
    begun = [100.0] * (BLOCKS * BLOCK - 1)

    expected = BLOCK * means.var(axis=1, ddof=1).mean() / values.var(axis=1, ddof=1).mean()

    assert ratio_of([*values.ravel(), *begun]).ratio == pytest.approx(expected, rel=1e-9)


def test_a_change_does_not_discount_its_own_proof():
    """Independent pairs of which suddenly ten times as many are worse: no pair counts for less."""
    dice = np.random.default_rng(3)
    before, after = dice.random(3 * BLOCKS * BLOCK) < 0.02, dice.random(2 * BLOCKS * BLOCK) < 0.2

    changed_between_windows = ratio_of([*before, *after]).ratio

    assert changed_between_windows == pytest.approx(1, abs=0.3)


def test_there_is_no_ratio_too_soon_or_of_what_never_varies():
    """Too few blocks say nothing, and nothing is divided by zero."""
    assert ratio_of(range(BLOCK * BLOCKS - 1)).ratio is None
    assert ratio_of([0.0] * BLOCK * BLOCKS).ratio is None


def test_it_goes_on_after_json():
    """State that was written in the middle of a block gives the same ratio in the end."""
    values = np.random.default_rng(2).random(3010)
    before = ratio_of(values[:1234])

    after = VarianceRatio.from_json(json.loads(json.dumps(before.to_json())))
    for value in values[1234:]:
        after.add(value)

    assert after.ratio == ratio_of(values).ratio


@pytest.mark.parametrize(("ratio", "power"), [(None, 1.0), (0.4, 1.0), (1.0, 1.0), (4.0, 0.25)])
def test_evidence_is_tempered_only_where_pairs_go_together(ratio, power):
    """A ratio below 1 is luck, and one that is unknown changes nothing."""
    assert exponent(ratio) == power
