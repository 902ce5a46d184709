from __future__ import annotations

import numpy as np
import pytest

from shadowmon.evidence.ppi import corrected, mean_of


def test_mean_and_its_normal_interval():
    """The interval reaches 1.96 standard errors to either side of the mean, but not past 1."""
    found = mean_of([0, 1, 1, 0.5])
    assert (found.rate, found.upper) == (0.625, 1.0)
    assert found.rate - found.lower == pytest.approx(1.959964 * (0.2291667 / 4) ** 0.5, rel=1e-6)


def test_worked_example():
    """The formulas, done by hand on four labelled and four unlabelled pairs."""
    human, judge, alone = [1, 0, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0]
    found = corrected(human, judge, alone, alpha=0.05)
    covariance, spread = 1 / 6, 0.25
    weight = covariance / (2 * spread)
    assert found.weight == pytest.approx(weight)
    assert found.estimate.rate == pytest.approx(0.5 + weight * (0.5 - 0.75))
    errors = [1 - weight, 0, 1 - weight, -weight]
    variance = np.var(errors, ddof=1) / 4 + weight**2 * (1 / 3) / 4
    assert found.estimate.variance == pytest.approx(variance)
    assert found.worth_labels == pytest.approx(max(0, 4 * ((1 / 3 / 4) / variance - 1)))


def test_perfect_judge_is_worth_its_pairs():
    """A judge that always says what people say makes its pairs as good as labels."""
    generator = np.random.default_rng(3)
    votes = generator.integers(0, 2, 3000).astype(float).tolist()
    found = corrected(votes[:1000], votes[:1000], votes[1000:], alpha=0.05)
    assert found.worth_labels == pytest.approx(2000, rel=0.1)


@pytest.mark.parametrize("judge", [[1, 1, 1, 1], [0, 1, 0, 1]])
def test_worthless_judge_is_not_listened_to(judge):
    """A judge that always says the same, or the contrary, leaves the people's own interval."""
    found = corrected([1, 0, 1, 0], judge, [1, 0, 1], alpha=0.05)
    assert (found.weight, found.worth_labels) == (0, 0)
    assert found.estimate == mean_of([1, 0, 1, 0])


def test_too_few_labels_are_refused():
    """One label has no interval, and labels need a verdict each."""
    with pytest.raises(ValueError, match="needs 2 values or more, there are 1"):
        corrected([1], [1], [0, 1], alpha=0.05)
    with pytest.raises(ValueError, match="2 human labels, but 1 verdicts"):
        corrected([1, 0], [1], [0, 1], alpha=0.05)
