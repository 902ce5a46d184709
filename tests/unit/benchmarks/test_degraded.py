from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scoring.degraded import DAMAGES, SEED, measured, seen
from benchmarks.scoring.real_texts import same_model_twice
from shadowmon.records import MetricName


SEEN_BY = {
    "cut to a half": "length_divergence",
    "repetition loop": "repetition",
    "words shuffled": "rouge_2_divergence",
    "10 % of letters wrong": "rouge_1_divergence",
    "negated": "negation_divergence",
    "numbers changed": "number_divergence",
    "a third of sentences": "chrf_divergence",
    "refusal": "refusal",
    "foreign words": "other_language",
}
"""Damage -> a metric that must see it."""


@pytest.fixture(name="pairs", scope="module")
def _pairs():
    return [pair for pair in same_model_twice(None) if min(map(len, pair)) > 150]


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_seen_by_some_metric(damage, pairs):
    """Whatever is broken of an answer, one metric of the panel tells it from a sound one."""
    rng = np.random.default_rng(SEED)
    damaged = [(one, DAMAGES[damage](other, rng)) for one, other in pairs]
    metric = MetricName(SEEN_BY[damage])
    least = 0.6 if damage == "numbers changed" else 0.8  # few of the answers name a number
    assert seen(measured(pairs)[metric], measured(damaged)[metric]) > least


def test_area_under_the_curve():
    """Half of the pairs of figures in the right order is chance; a tie counts half."""
    assert seen([0.1, 0.2], [0.3, 0.4]) == 1.0
    assert seen([0.1, 0.4], [0.1, 0.4]) == 0.5
