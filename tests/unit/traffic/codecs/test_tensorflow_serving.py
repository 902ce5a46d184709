"""TensorFlow Serving's REST API, by its `api_rest.md`."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.tensorflow_serving import TensorFlowServing
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


TARGET = "/v1/models/half_plus_three:predict"
REQUEST = {"instances": [1.0, 2.0, 5.0]}


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> TensorFlowServing:
        return TensorFlowServing(settings)

    def a_request(self) -> Exchange:
        return an_exchange(json.dumps(REQUEST).encode(), target=TARGET)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (), b'{"predictions": [3.5, 4.0, 5.5]}'


def read(answer: Any, **settings: Any) -> Answer:
    body = json.dumps(answer).encode()
    return TensorFlowServing(settings).read_answer(status=200, headers=(), body=body)


def ask(body: Any, **changes: Any) -> Ask:
    exchange = an_exchange(json.dumps(body).encode(), **{"target": TARGET, **changes})
    return TensorFlowServing({}).read_request(exchange)


def test_the_documents_example() -> None:
    """Numbers of an output without a name are called by the answer's key."""
    assert read({"predictions": [3.5, 4.0, 5.5]}) == Answer(
        fields={"predictions": [3.5, 4.0, 5.5]}, tensors={"predictions": (3.5, 4.0, 5.5)}
    )


def test_rows_of_probabilities() -> None:
    """One row of figures is a label and its probabilities."""
    answer = read({"predictions": [[0.25, 0.75]]}, labels=["cat", "dog"])

    assert answer.label == "dog"
    assert answer.probabilities == {"cat": 0.25, "dog": 0.75}
    assert answer.tensors == {"predictions": (0.25, 0.75)}


def test_rows_and_columns_read_alike() -> None:
    """Named outputs are the same, row after row and column after column."""
    rows = {"predictions": [{"label": "a", "scores": [1, 0]}, {"label": "b", "scores": [0, 1]}]}
    columns = {"outputs": {"label": ["a", "b"], "scores": [[1, 0], [0, 1]]}}

    answer = read(rows)

    assert answer == read(columns)
    assert answer.label == "a,b"
    assert answer.tensors == {"scores": (1.0, 0.0, 0.0, 1.0)}
    assert answer.fields == columns["outputs"]


def test_outputs_by_name() -> None:
    """Settings name the outputs that hold a label, an embedding or a text."""
    found = {"outputs": {"v": [[0.5, 1.5]], "y": ["cat"], "t": ["hi"]}}

    answer = read(found, embedding_output="v", label_output="y", text_output="t")

    assert (answer.embeddings, answer.label, answer.text) == (((0.5, 1.5),), "cat", "hi")


def test_binary_values() -> None:
    """Bytes in base64 are text where they are text."""
    answer = read({"predictions": [{"b64": "aGk="}]}, text_output="predictions")

    assert (answer.text, answer.fields) == ("hi", {"predictions": ["hi"]})


def test_what_is_no_tensor_is_in_the_fields() -> None:
    """KServe's own predictors answer with any JSON."""
    found = {"predictions": [{"a": 1}, {"b": [1, "x"]}]}

    assert read(found) == Answer(fields={"predictions": [{"a": 1}, {"b": [1, "x"]}]})
    assert read({"predictions": [[1], [2, 3]]}).tensors is None


def test_large_outputs_are_left_out_of_the_tensors() -> None:
    """Tensors together have a limit; what is beyond stands in the fields alone."""
    half = [0] * (1 << 19)

    answer = read({"outputs": {"a": half, "b": half, "c": half, "label": ["cat"]}})

    assert answer.tensors is not None
    assert list(answer.tensors) == ["a", "b"]
    assert answer.label is None
    assert answer.fields["label"] == ["cat"]


@pytest.mark.parametrize("key", ["results", "result"])
def test_classify(key: str) -> None:
    """Labels with their scores, for one example and for several."""
    one = [["cat", 0.75], ["dog", 0.25]]

    answer = read({key: [one]})

    assert (answer.label, answer.probabilities) == ("cat", {"cat": 0.75, "dog": 0.25})
    assert answer.fields == {"results": [one]}
    assert read({key: [one, [["dog", 1.0]]]}).label == "cat,dog"


def test_classify_without_labels() -> None:
    """Where all labels are empty, a label is its place."""
    assert read({"results": [[["", 0.25], ["", 0.75]]]}).probabilities == {"0": 0.25, "1": 0.75}


def test_regress() -> None:
    """One number for each example."""
    assert read({"results": [3.5, 4]}) == Answer(
        fields={"results": [3.5, 4]}, tensors={"results": (3.5, 4.0)}
    )


def test_error() -> None:
    """An error is one; its sentence is left out."""
    assert read({"error": "Servable not found for request: canary"}) == Answer(error="error")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"results": {}},
        {"results": [[1, 2], ["x"]]},
        {"results": [1, "x"]},
        {"results": [[["a", 0.5], ["a"]]]},
        {"predictions": [{"b64": "?"}]},
        {"predictions": [{"b64": "€"}]},
    ],
)
def test_refuses(answer: Any) -> None:
    """What is none of the answers is not this format."""
    with pytest.raises(CodecError):
        read(answer)


def test_nan_is_refused() -> None:
    """The server writes NaN where JSON has no such word: it says nothing that can be measured."""
    with pytest.raises(CodecError, match="NaN is not a JSON number"):
        TensorFlowServing({}).read_answer(
            status=200, headers=(), body=b'{"predictions": [NaN, 1.0]}'
        )


@pytest.mark.parametrize(
    "answer", [{"predictions": [[0.5, 0.5]]}, {"results": [[["a", 1.0]]]}, {"outputs": [1, 22]}]
)
def test_cut_answers_are_never_scored(answer: Any) -> None:
    """An answer that is cut anywhere is refused."""
    assert scored_when_cut(TensorFlowServing({}), json.dumps(answer).encode()) == []


@pytest.mark.parametrize(
    ("target", "model"),
    [
        (TARGET, "half_plus_three"),
        ("/v1/models/mnist/versions/314:predict", "mnist"),
        ("/v1/models/mnist/labels/stable:classify?x=1", "mnist"),
        ("/gateway/v1/models/a%20b:regress", "a b"),
    ],
)
def test_model_is_in_the_path(target: str, model: str) -> None:
    """The path names the model."""
    assert ask(REQUEST, target=target).model == model


@pytest.mark.parametrize(
    ("body", "question"),
    [
        (REQUEST, Question()),
        ({"instances": ["foo"]}, Question(text="foo", source="foo")),
        (
            {"instances": ["foo", "bar"]},
            Question(text="foo\nbar", source="foo\nbar", documents=("foo", "bar")),
        ),
        ({"instances": [{"tag": "foo", "signal": [1, 2]}]}, Question(text="foo", source="foo")),
        ({"inputs": {"tag": ["foo"], "signal": [[1, 2]]}}, Question(text="foo", source="foo")),
        ({"examples": [{"x": 1.0}, {"x": 2.0}]}, Question()),
        ({"instances": [{"b64": "/9j/4AAQSkZJRgABAQ=="}]}, Question()),
        ({"instances": [{"a": "foo", "b": "bar"}]}, Question()),
    ],
)
def test_question_is_the_only_text(body: Any, question: Question) -> None:
    """The only input that is text is what is asked; an image is no text."""
    assert ask(body).question == question


def test_settings_say_what_is_asked() -> None:
    """Where there are several texts, the settings say which one is asked."""
    body = json.dumps({"instances": [{"a": "foo", "b": "bar"}]}).encode()

    found = TensorFlowServing({"question": "instances[0].b"}).read_request(
        an_exchange(body, target=TARGET)
    )

    assert found.question == Question(text="bar", source="bar")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/models/m"),
        ("GET", TARGET),
        ("GET", "/v1/models/m/metadata"),
        ("POST", "/v1/models/m:explain"),
        ("POST", "/v2/models/m/infer"),
    ],
)
def test_other_requests_are_skipped(method: str, target: str) -> None:
    """Status, metadata and explanations are skipped."""
    assert ask(REQUEST, method=method, target=target) == Ask(skip="not_inference")


def test_request_without_input_is_refused() -> None:
    """A request that gives the model nothing is not this format."""
    with pytest.raises(CodecError, match="instances, inputs, examples"):
        ask({"signature_name": "x"})


def test_rewrite_leaves_the_model() -> None:
    """The model is in the path; the body gets none."""
    codec = TensorFlowServing({})

    assert codec.rewrite(b'{"instances":[1]}', model="b", parameters={"a": 1}) == (
        b'{"instances":[1],"a":1}'
    )
