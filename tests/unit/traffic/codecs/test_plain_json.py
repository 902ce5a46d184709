"""Any JSON, read by JMESPath."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question, ToolCall
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.plain_json import PlainJson
from tests.cut_answers import scored_when_cut
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


@pytest.mark.parametrize(
    ("value", "embeddings"),
    [([1, 0.5], ((1.0, 0.5),)), ([[1], [2]], ((1.0,), (2.0,))), (None, ())],
)
def test_embedding(value: Any, embeddings: Any) -> None:
    """One vector, or one for each input."""
    assert read({"v": value}, embedding="v").embeddings == embeddings


def test_ranking() -> None:
    """A ranking is keys in order, or documents with scores."""
    found = {"r": [{"index": 0, "score": 1}, {"index": 1, "score": 2}], "none": None}

    assert read(found, ranking="r").ranking == ("1", "0")
    assert read(found, ranking="r[*].index").ranking == ("0", "1")
    assert read(found, ranking="none").ranking is None


def test_tool_calls() -> None:
    """Calls in either form; arguments are JSON, or None where they are not."""
    found = {
        "calls": [
            {"name": "f", "arguments": {"a": 1}},
            {"function": {"name": "g", "arguments": '{"b": 2}'}},
            {"name": "h", "arguments": "{"},
            {"name": "i"},
        ]
    }

    assert read(found, tool_calls="calls").tool_calls == (
        ToolCall(name="f", arguments={"a": 1}),
        ToolCall(name="g", arguments={"b": 2}),
        ToolCall(name="h", arguments=None),
        ToolCall(name="i", arguments={}),
    )


@pytest.mark.parametrize("key", ["embedding", "ranking", "tool_calls", "probabilities"])
@pytest.mark.parametrize("value", [5, "x", {"a": "b"}, [None], [True]])
def test_what_is_not_the_part_is_refused_by_its_key(key: str, value: Any) -> None:
    """What was found and is not the part is not this format; the message names the key."""
    with pytest.raises(CodecError, match=rf"codec_settings\.{key}: what was found"):
        read({"x": value}, **{key: "x"})


@pytest.mark.parametrize("expression", ["abs(x)", "ceil(to_number(x))", "join(',', [y])"])
def test_functions_that_fail(expression: str) -> None:
    """Whatever an expression's functions raise is a refusal."""
    with pytest.raises(CodecError, match=r"codec_settings\.text"):
        read({"x": "inf", "y": 1}, text=expression)


def test_question_by_its_own_paths() -> None:
    """What is asked is where the settings say."""
    body = json.dumps({"p": "Why?", "ctx": "c", "docs": ["a"], "t": "assert 1"}).encode()
    settings = {"question": "p", "source": "ctx", "documents": "docs", "tests": "t"}

    found = PlainJson(settings).read_request(an_exchange(body))

    assert found.question == Question(text="Why?", source="c", documents=("a",), tests="assert 1")


def test_cut_answers_are_never_scored() -> None:
    """An answer that is cut anywhere is refused."""
    assert scored_when_cut(PlainJson({}), b'{"result": {"label": "cat"}}') == []
