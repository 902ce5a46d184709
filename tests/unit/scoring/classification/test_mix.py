from __future__ import annotations

import numpy as np
import pytest

from shadowmon.scoring.classification.distributions import jensen_shannon
from shadowmon.scoring.classification.mix import mix


NAMES = ("cat", "dog", None)


def tables_of(joint):
    """Make the tables of each class from the counts of (baseline's call, optimized model's)."""
    joint = np.asarray(joint)
    found = {}
    for at, name in enumerate(NAMES):
        both, ours, theirs = joint[at, at], joint[at].sum(), joint[:, at].sum()
        neither = joint.sum() - ours - theirs + both
        found[name] = tuple(map(int, (neither, theirs - both, ours - both, both)))
    return found


def mix_of(joint):
    found = mix(tables_of(joint))
    assert found is not None
    return found


def test_shares_of_both_models():
    """By hand: of 100 answers the baseline calls 60 cats, the optimized model 50."""
    found = mix_of([[48, 10, 2], [2, 28, 0], [0, 0, 10]])

    assert found.baseline == {"cat": 0.6, "dog": 0.3, None: 0.1}
    assert found.optimized == {"cat": 0.5, "dog": 0.38, None: 0.12}
    assert found.moved_bits == jensen_shannon(found.baseline, found.optimized)


def test_answers_that_are_all_the_same_do_not_move_by_chance():
    """Of two models that never disagree nothing moves, by chance or otherwise."""
    found = mix_of(np.diag([6, 3, 1]))

    assert (found.moved_bits, found.by_chance_bits) == (0.0, 0.0)


def test_no_answer_is_of_a_class():
    """A class that nobody calls changes no figure."""
    found = mix_of(np.diag([9, 0, 0]))

    assert (found.moved_bits, found.by_chance_bits) == (0.0, 0.0)


@pytest.mark.parametrize("tables", [{}, {"cat": (0, 0, 0, 0), None: (0, 0, 0, 0)}])
def test_nothing_was_counted(tables):
    """Of no pairs there is no mix."""
    assert mix(tables) is None


@pytest.mark.parametrize("agree", [0.5, 0.95])
def test_by_chance_is_the_mean_where_nothing_moved(agree):
    """Over many samples, of models that agree seldom and often, `moved_bits` averages to it."""
    rng = np.random.default_rng(2)
    shares = np.array([0.5, 0.3, 0.2])
    joint = agree * np.diag(shares) + (1 - agree) * np.outer(shares, shares)
    found = [mix_of(rng.multinomial(2_000, joint.ravel()).reshape(3, 3)) for _ in range(600)]

    mean = np.mean([each.moved_bits for each in found])
    assert np.mean([each.by_chance_bits for each in found]) == pytest.approx(mean, rel=0.12)
