from __future__ import annotations

import numpy as np
import pytest

from shadowmon.assessors.unrelated import Unrelated, distance


def unit(generator, count):
    found = generator.normal(0.5, 1, (count, 8))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_it_is_the_mean_over_all_shuffled_pairs():
    """What is learnt is the mean cosine of every two different answers."""
    vectors = unit(np.random.default_rng(1), 20)
    unrelated = Unrelated(learn_from=20)
    for vector in vectors:
        assert unrelated.cosine is None
        unrelated.learn(vector)
    pairs = [vectors[i] @ vectors[j] for i in range(20) for j in range(20) if i != j]
    assert unrelated.cosine == pytest.approx(np.mean(pairs), abs=1e-5)


def test_it_is_frozen_once_it_is_learnt():
    """Later answers do not move the yardstick."""
    unrelated = Unrelated(learn_from=2)
    one, other = np.eye(2, dtype=np.float32)
    for vector in (one, other, one, one):
        unrelated.learn(vector)
    assert unrelated.cosine == 0


def test_it_begins_anew_with_another_model():
    """Vectors of another size are another model's: the sum begins again."""
    unrelated = Unrelated(learn_from=2)
    for vector in (np.ones(1, np.float32), *np.eye(2, dtype=np.float32)):
        unrelated.learn(vector)
    assert unrelated.cosine == 0


def test_answers_that_are_all_alike():
    """Where all answers are the same the yardstick stays usable."""
    unrelated = Unrelated(learn_from=2)
    for _ in range(2):
        unrelated.learn(np.array([1, 0], np.float32))
    assert unrelated.cosine == 0.99


def test_cosine_of_the_settings_needs_no_learning():
    """A known cosine is there from the start."""
    assert Unrelated(learn_from=10, known=0.7).cosine == 0.7


@pytest.mark.parametrize(("cosine", "expected"), [(1, 0), (0.8, 0.5), (0.6, 1), (-1, 1)])
def test_distance_is_held_to_zero_and_one(cosine, expected):
    """The same is 0; as far apart as unrelated answers, or farther, is 1."""
    one, other = np.array([1, 0]), np.array([cosine, (1 - cosine**2) ** 0.5])
    assert distance(one, other, unrelated=0.6) == pytest.approx(expected)
