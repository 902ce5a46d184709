from __future__ import annotations

import math

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.numeric.tensors import TensorsScorer, absolute, relative
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def puts_out(**tensors):
    return a_reply(answer=Answer(tensors=tensors))


def observe(baseline, optimized, **settings):
    found = TensorsScorer(ScoringSettings(**settings)).score(a_pair(baseline, optimized))
    return [each.missing or each.distance for each in found]


class TestTensorsScorer(ScorerContract):
    def make(self, settings):
        return TensorsScorer(settings)

    def pairs(self):
        outputs = ({"y": (1.0, -2.0)}, {"y": (1.0,)}, {"y": (math.nan, math.inf)}, {"z": ()})
        return [a_pair(puts_out(**one), puts_out(**other)) for one in outputs for other in outputs]


def test_absolute_error_is_of_the_whole():
    """A small number that is quite wrong weighs little."""
    assert absolute((9.0, 0.5), (9.0, -0.5), 0) == pytest.approx(1 / 19)
    assert absolute((3.0,), (1.0,), 0) == 0.5


def test_relative_error_is_of_each_number():
    """A small number that is quite wrong weighs as much as any other."""
    assert relative((9.0, 0.5), (9.0, -0.5), 0) == 0.5
    assert relative((3.0, 0.0), (1.0, 0.0), 0) == 0.25


@pytest.mark.parametrize("measure", [absolute, relative])
def test_range_and_ends(measure):
    """Nothing differs: 0; nothing is of the same sign, or of the same size: 1."""
    assert measure((1.0, -2.0), (1.0, -2.0), 0) == 0.0
    assert measure((1.0, -2.0), (-1.0, 2.0), 0) == 1.0
    assert measure((1.0, 2.0), (1.0,), 0) == 1.0
    assert measure((), (), 0) == 0.0
    assert measure((0.0, 0.0), (0.0, 0.0), 0) == 0.0


@pytest.mark.parametrize("measure", [absolute, relative])
def test_numbers_that_are_not_finite(measure):
    """NaN and infinity are the same as themselves and wholly another than any other number."""
    assert measure((math.nan, math.inf, 1.0), (math.nan, math.inf, 1.0), 0) == 0.0
    assert measure((math.nan, 1.0), (2.0, 1.0), 0) == 0.5
    assert measure((math.inf, 1.0), (-math.inf, 1.0), 0) == 0.5


@pytest.mark.parametrize("measure", [absolute, relative])
def test_numbers_at_the_ends_of_a_float(measure):
    """Sums beyond a float are no error."""
    assert measure((1.7e308, 1.7e308), (-1.7e308, -1.7e308), 0) == 1.0


@pytest.mark.parametrize("measure", [absolute, relative])
def test_difference_within_the_tolerance_is_none(measure):
    """A difference up to the relative tolerance is none."""
    assert measure((100.0, 1.0), (101.0, 1.0), 0.01) == 0.0
    assert measure((100.0, 1.0), (102.0, 1.0), 0.01) > 0.0


def test_mean_over_the_outputs():
    """Each output counts alike, and one that only one model has is wholly different."""
    assert observe(puts_out(y=(1.0,), z=(1.0,)), puts_out(y=(1.0,), x=(1.0,))) == [2 / 3, 2 / 3]
    assert observe(puts_out(y=(100.0,)), puts_out(y=(101.0,)), number_tolerance=0.01) == [0, 0]


def test_optimized_answer_without_numbers_is_missing():
    """No outputs, and no answer, are missing where the baseline gave some."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    assert observe(puts_out(y=(1.0,)), a_reply()) == ["optimized_without_tensors"] * 2
    assert observe(puts_out(y=(1.0,)), failed) == ["optimized_failed"] * 2
    assert observe(a_reply(), puts_out(y=(1.0,))) == []
