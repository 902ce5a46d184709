from __future__ import annotations

import math

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.fields import FieldsScorer, document, leaves
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def observe(baseline, optimized, **settings):
    pair = a_pair(*(a_reply(answer=Answer(fields=each)) for each in (baseline, optimized)))
    return FieldsScorer(ScoringSettings(**settings)).score(pair)


def distance(baseline, optimized, **settings):
    (found,) = observe(baseline, optimized, **settings)
    return found.distance


class TestFieldsScorer(ScorerContract):
    def make(self, settings):
        return FieldsScorer(settings)

    def pairs(self):
        texts = ('{"a": 1}', '{"a": 2, "b": []}', "no JSON", "[]", '{"a": NaN, "b": 1e999}')
        return [a_pair(a_reply(one), a_reply(other)) for one in texts[:3] for other in texts] + [
            a_pair(a_reply(answer=Answer(fields=2**200)), a_reply(answer=Answer(fields=1.5)))
        ]


def test_share_of_fields_that_differ():
    """One of four fields differs, one is missing, one is new: three of five do not agree."""
    one = {"a": 1, "b": {"c": "x", "d": True}, "e": 3}
    other = {"a": 1, "b": {"c": "y", "d": True}, "f": 4}
    assert distance(one, other) == pytest.approx(3 / 5)


def test_order_of_keys_does_not_count_and_of_items_does():
    """An object has no order, an array has."""
    assert distance({"a": 1, "b": 2}, {"b": 2, "a": 1}) == 0.0
    assert distance([1, 2], [2, 1]) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [("ACME  Ltd", "acme ltd"), (1, 1.0), (100.0, 100.0 + 1e-9), (math.nan, math.nan)],
)
def test_same_values(one, other):
    """Case and blanks of a string, and rounding of a number, do not count."""
    assert distance({"a": one}, {"a": other}) == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, None), ("1", 1), ("", None), ([], {}), (1, 2), (10**400, 1.5)],
)
def test_values_that_differ(one, other):
    """A number is no string and no boolean, null is nothing else, and 10**400 is no float."""
    assert distance({"a": one}, {"a": other}) == 1.0


def test_tolerance_is_relative():
    """Two numbers are the same up to the relative difference of the settings."""
    assert distance([1000], [1009], number_tolerance=0.01) == 0.0
    assert distance([1000], [1011], number_tolerance=0.01) == 1.0


def test_empty_documents_are_the_same():
    """An empty object is a leaf: two of them agree."""
    assert distance({}, {}) == 0.0
    assert distance({"a": []}, {"a": []}) == 0.0


def test_keys_with_dots_are_not_paths():
    """A key that looks like a path is not that path."""
    assert distance({"a.b": 1}, {"a": {"b": 1}}) == 1.0


def test_document_nested_too_deep_to_recurse():
    """A document that is nested deeper than Python calls is walked all the same."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert len(list(leaves(deep))) == 1


@pytest.mark.parametrize("text", ['{"a": 1}', ' {"a":1}\n', '```json\n{"a": 1}\n```'])
def test_text_that_is_json(text):
    """JSON in the text is read, also in a fence that is the whole answer."""
    assert document(Answer(text=text)) == {"a": 1}


@pytest.mark.parametrize("text", ["", "7", '"x"', "{a: 1}", "[" * 100_000, 'Here: {"a": 1}', None])
def test_text_that_is_not_json(text):
    """A bare value, broken or bottomless JSON, and JSON within a sentence are no document."""
    assert document(Answer(text=text)) is None


def test_optimized_answer_that_is_not_json_agrees_in_no_field():
    """Broken JSON where the baseline's is whole is as far away as can be."""
    pair = a_pair(a_reply('{"a": 1}'), a_reply('{"a": 1'))
    (found,) = FieldsScorer(ScoringSettings()).score(pair)
    assert found.distance == 1.0


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing where the baseline's answer is JSON, and only there."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    scorer = FieldsScorer(ScoringSettings())
    (found,) = scorer.score(a_pair(a_reply('{"a": 1}'), failed))
    assert found.missing == "optimized_failed"
    assert list(scorer.score(a_pair(a_reply("hello"), failed))) == []
