"""What a label says about both models: digests that are the same where a person says the same."""

from __future__ import annotations

import json

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.records import Answer
from shadowmon.scoring.truth import Truth, digest, digest_in, digests, said


SAME_FIELDS = [
    ('{"total": "1,234.50"}', {"total": 1234.5}),
    ('{"total": "RM 9.00"}', {"total": 9}),
    ('{"a": 1, "b": 2}', {"b": 2, "a": 1}),
    ('{"a": 1, "b": null}', {"a": 1}),
    ('{"shop": " BOOK  ta .K "}', {"shop": "Book ta .k"}),
    ('{"paid": true}', {"paid": True}),
]
OTHER_FIELDS = [
    ('{"total": "1,234.51"}', {"total": 1234.5}),
    ('{"share": "9 %"}', {"share": 9}),
    ('{"items": ["a", "b"]}', {"items": ["b", "a"]}),
    ('{"paid": true}', {"paid": False}),
    ('{"paid": true}', {"paid": 1}),
    ('{"a": {"b": 1}}', {"a": 1}),
]


@pytest.mark.parametrize(("label", "fields"), SAME_FIELDS)
def test_fields_that_a_person_calls_the_same(label, fields):
    """Order, layout, currency and ways to write a number make no other answer."""
    assert said(Answer(fields=fields), Truth.FIELDS) == digest(label, Truth.FIELDS)


@pytest.mark.parametrize(("label", "fields"), OTHER_FIELDS)
def test_fields_that_are_others(label, fields):
    """Another value, another place or another type is another answer."""
    assert said(Answer(fields=fields), Truth.FIELDS) != digest(label, Truth.FIELDS)


def test_fields_are_read_from_a_fenced_text_too():
    """As chat models like to give their JSON."""
    answer = Answer(text='```json\n{"total": 9}\n```')

    assert said(answer, Truth.FIELDS) == digest('{"total": "9.00"}', Truth.FIELDS)


def test_an_answer_without_fields_says_none():
    """It failed to say what the label is about, and is missing."""
    assert said(Answer(text="I cannot"), Truth.FIELDS) is None
    assert said(None, Truth.FIELDS) is None


@pytest.mark.parametrize(
    ("text", "label", "same"),
    [
        ("So the answer is 1,234.", "1234", True),
        (r"Hence \boxed{\frac{1}{2}}", "0.5", True),
        ("#### 7", "7.00", True),
        ("It is 8.", "7", False),
    ],
)
def test_numbers_are_compared_as_numbers(text, label, same):
    """The final answer counts, not how it is written."""
    assert (said(Answer(text=text), Truth.NUMBER) == digest(label, Truth.NUMBER)) is same


def test_words_are_the_label_or_the_text():
    """An answer's own label comes first."""
    assert said(Answer(label="cat", text="dog")) == digest(" cat ")
    assert said(Answer(text="dog\n")) == digest("dog")
    assert said(Answer()) is None


@given(st.text(), st.sets(st.sampled_from(Truth), min_size=1))
def test_a_label_is_kept_in_every_kind_that_is_asked_for(label, truths):
    """Each kind's digest is found again; one that was not asked for is not there."""
    kept = digests(label, truths)

    for truth in Truth:
        expected = digest(label, truth) if truth in truths else None
        assert digest_in(kept, truth) == expected


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_any_json_has_a_digest(value):
    """No label and no answer breaks it."""
    assert digest(json.dumps({"a": value}), Truth.FIELDS)


def test_hostile_fields_cost_no_more_than_themselves():
    """JSON that is nested too deep to be meant is a word like any other."""
    deep = "[" * 100_000 + "]" * 100_000

    assert digest(deep, Truth.FIELDS) == digest(f" {deep}", Truth.FIELDS)
