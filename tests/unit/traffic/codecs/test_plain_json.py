"""Any JSON, read by JMESPath."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.plain_json import PlainJson
from tests.factories import an_exchange


class TestContract(CodecContract):
    """The codec keeps the contract."""

    settings: ClassVar[Mapping[str, Any]] = {"label": "result.label"}

    def make(self, settings: Mapping[str, Any]) -> PlainJson:
        return PlainJson(settings)

    def a_request(self) -> Exchange:
        return an_exchange(b'{"x": [1, 2.5], "q": "\\ud83d"}', target="/predict")

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (), b'{"result": {"label": "cat"}}'


def read(answer: Any, **settings: str) -> Answer:
    body = json.dumps(answer).encode()
    return PlainJson(settings).read_answer(status=200, headers=(), body=body)


def test_every_part_by_its_own_path() -> None:
    """Each part is picked out by its own expression."""
    found = {
        "say": "hi",
        "class": {"name": "cat", "p": {"cat": 0.75, "dog": 0.25}},
        "data": [1, {"a": 2}],
        "meta": {"m": "v1", "in": 3, "out": 4},
    }

    answer = read(
        found,
        text="say",
        label="class.name",
        probabilities="class.p",
        fields="data",
        error="meta.error",
        model="meta.m",
        input_tokens="meta.in",
        output_tokens="meta.out",
    )

    assert answer == Answer(
        text="hi",
        label="cat",
        probabilities={"cat": 0.75, "dog": 0.25},
        fields=[1, {"a": 2}],
        model="v1",
        input_tokens=3,
        output_tokens=4,
    )


def test_without_paths_the_answer_is_its_fields() -> None:
    """With no expression for content, the whole answer is the fields."""
    assert read({"a": [1]}) == Answer(fields={"a": [1]})


@pytest.mark.parametrize(
    ("value", "label"), [("cat", "cat"), (3, "3"), (True, "true"), (1.5, "1.5"), (None, None)]
)
def test_labels_as_text(value: Any, label: str | None) -> None:
    """A label that is no string is written as JSON writes it."""
    assert read({"y": value}, label="y").label == label


@pytest.mark.parametrize(
    ("value", "probabilities"),
    [
        ({"a": 1, "b": 0}, {"a": 1.0, "b": 0.0}),
        ([0.25, 0.75], {"0": 0.25, "1": 0.75}),
        ([{"label": "a", "score": 0.5}, {"label": "b", "score": 0.5}], {"a": 0.5, "b": 0.5}),
        ({"a": 0.9, "b": 0.9}, None),
        (None, None),
    ],
)
def test_probabilities_in_their_forms(value: Any, probabilities: Any) -> None:
    """Objects, lists and label-score pairs are read; what is no distribution is left out."""
    assert read({"p": value}, probabilities="p").probabilities == probabilities


@pytest.mark.parametrize("value", ["x", 5, [], ["a"], {"a": "b"}, {}])
def test_probabilities_that_are_none(value: Any) -> None:
    """What cannot be probabilities at all is not this format."""
    with pytest.raises(CodecError, match=r"codec_settings\.probabilities"):
        read({"p": value}, probabilities="p")


@pytest.mark.parametrize(("value", "error"), [("boom", "boom"), ("", None), (False, None)])
def test_error_is_what_is_truthy(value: Any, error: str | None) -> None:
    """An error that is empty or false is none."""
    assert read({"e": value}, error="e").error == error


def test_expression_that_does_not_fit_the_answer() -> None:
    """An expression that fails on an answer is not this format, by its key."""
    with pytest.raises(CodecError, match=r"codec_settings\.label: the expression does not fit"):
        read({"a": "canary"}, label="sum(a)")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"label": "a["}, r'label: "a\[" is not a JMESPath'),
        ({"label": ""}, "label"),
        ({"label": 5}, "label must be a JMESPath"),
        ({"labels": "a"}, 'no setting "labels"; the codec json has: text, label'),
    ],
)
def test_bad_settings(settings: Any, problem: str) -> None:
    """A setting that cannot be used is refused at the start, by its key."""
    with pytest.raises(ValueError, match=problem):
        PlainJson(settings)


def test_request_names_its_model() -> None:
    """A model that the request names at the top is told."""
    assert PlainJson({}).read_request(an_exchange(b'{"model": "m"}')).model == "m"
    assert PlainJson({}).read_request(an_exchange(b"[1]")).model is None
