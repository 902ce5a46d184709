from __future__ import annotations

import math

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.numeric.embedding import EmbeddingScorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def embeds(*vectors):
    return a_reply(answer=Answer(embeddings=tuple(vectors)))


def observe(baseline, optimized):
    return list(EmbeddingScorer(ScoringSettings()).score(a_pair(baseline, optimized)))


def angle(one, other):
    (found,) = observe(embeds(one), embeds(other))
    return found.distance


class TestEmbeddingScorer(ScorerContract):
    def make(self, settings):
        return EmbeddingScorer(settings)

    def pairs(self):
        return [
            a_pair(embeds((0.3, -0.7), (1.0, 0.0)), embeds((0.31, -0.69), (1.0, 0.1))),
            a_pair(embeds((0.3, -0.7)), embeds((0.31, -0.69, 0.0))),
            a_pair(embeds((0.3, -0.7)), embeds()),
        ]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((1.0, 0.0), 0.0),
        ((3.0, 0.0), 0.0),
        ((1.0, 1.0), 0.25),
        ((0.0, 1.0), 0.5),
        ((-2.0, 0.0), 1.0),
    ],
)
def test_angle_as_a_share_of_a_half_turn(other, expected):
    """Length does not count; a right angle is a half, the opposite direction is 1."""
    assert angle((1.0, 0.0), other) == pytest.approx(expected, abs=1e-15)


def test_small_angles_are_exact():
    """An angle far too small for the arc cosine is measured all the same."""
    assert angle((1.0, 0.0), (1.0, 1e-12)) == pytest.approx(1e-12 / math.pi)


def test_numbers_at_the_ends_of_a_float():
    """Vectors whose squares are beyond a float have a direction like any other."""
    assert angle((1e300, 0.0), (1e300, 1e300)) == pytest.approx(0.25)
    assert angle((1e-300, 0.0), (1e-300, 1e-300)) == pytest.approx(0.25)


@pytest.mark.parametrize(
    "other", [(1.0,), (1.0, 0.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (), (math.inf, 1.0)]
)
def test_vector_that_cannot_take_the_place(other):
    """Another dimension, and no direction at all, is as far away as can be."""
    assert angle((1.0, 0.0), other) == 1.0


def test_mean_over_the_inputs():
    """Each input counts alike; one that the optimized model left out is wholly different."""
    east, north = (1.0, 0.0), (0.0, 1.0)
    (found,) = observe(embeds(east, east), embeds(east, north))
    assert found.distance == pytest.approx(0.25)
    (found,) = observe(embeds(east, east), embeds(east))
    assert found.distance == 0.5


def test_input_without_a_direction_is_left_out():
    """Where the baseline itself has no direction there is nothing to compare."""
    (found,) = observe(embeds((0.0, 0.0), (1.0, 0.0)), embeds((1.0, 0.0), (1.0, 0.0)))
    assert found.distance == 0.0
    assert observe(embeds((0.0, 0.0)), embeds((1.0, 0.0))) == []
    assert observe(embeds(), embeds((1.0, 0.0))) == []


def test_optimized_answer_without_vectors_is_missing():
    """No vectors, and no answer, are missing where the baseline gave some."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    assert observe(embeds((1.0, 0.0)), embeds())[0].missing == "optimized_without_embeddings"
    assert observe(embeds((1.0, 0.0)), failed)[0].missing == "optimized_failed"
