"""Open Inference Protocol, version 2."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.open_inference import OpenInference
from tests.factories import an_exchange


TARGET = "/v2/models/digits/infer"
INPUTS = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [0.5, 1]}]}


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> OpenInference:
        return OpenInference(settings)

    def a_request(self) -> Exchange:
        return an_exchange(json.dumps(INPUTS).encode(), target=TARGET)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        body = {"model_name": "m", "outputs": [output("probabilities", [1, 2], [0.25, 0.75])]}
        return 200, (), json.dumps(body).encode()


def output(name: str, shape: list[int], data: list[Any], datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def read(*outputs: Any, **settings: Any) -> Answer:
    body = json.dumps({"outputs": outputs}).encode()
    return OpenInference(settings).read_answer(status=200, headers=(), body=body)


@pytest.mark.parametrize(
    ("target", "model"),
    [
        (TARGET, "digits"),
        ("/v2/models/digits/versions/3/infer?x=1", "digits"),
        ("/gateway/v2/models/a%20b/infer", "a b"),
    ],
)
def test_model_is_in_the_path(target: str, model: str) -> None:
    """The path names the model."""
    request = an_exchange(json.dumps(INPUTS).encode(), target=target)

    found = OpenInference({}).read_request(request)

    assert (found.model, found.streams, found.skip) == (model, False, "")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v2/models/digits"),
        ("GET", "/v2/health/ready"),
        ("GET", TARGET),
        ("POST", "/v2/models/digits/generate"),
        ("POST", "/v2/repository/index"),
    ],
)
def test_other_requests_are_skipped(method: str, target: str) -> None:
    """Metadata, health and what is not read yet are skipped."""
    found = OpenInference({}).read_request(an_exchange(b"", method=method, target=target))

    assert found.skip == "not_inference"


@pytest.mark.parametrize(
    ("outputs", "label", "probabilities"),
    [
        ([output("label", [1], ["cat"], "BYTES")], "cat", None),
        ([output("Class", [1, 1], [3], "INT64")], "3", None),
        ([output("probabilities", [1, 2], [[0.25, 0.75]])], "1", {"0": 0.25, "1": 0.75}),
        ([output("scores", [2], [0.75, 0.25], "FP64")], "0", {"0": 0.75, "1": 0.25}),
        ([output("anything", [1, 2], [0.25, 0.75])], "1", {"0": 0.25, "1": 0.75}),
        ([output("anything", [1, 2], [-3.0, 5.0])], "1", None),
        ([output("logits", [1, 2], [0, 0])], "0", {"0": 0.5, "1": 0.5}),
        (
            [output("label", [1], ["cat"], "BYTES"), output("scores", [1, 2], [0.5, 0.5])],
            "cat",
            {"0": 0.5, "1": 0.5},
        ),
        ([output("value", [1, 1], [3.5])], None, None),
        ([output("values", [3], [3.5, 1.5, 2.5])], None, None),
        ([output("hidden", [1, 1, 2], [0.5, 0.5])], None, None),
        ([output("a", [1, 2], [0.5, 0.5]), output("b", [1, 2], [0.5, 0.5])], None, None),
        ([output("ids", [1, 3], [5, 6, 7], "INT64")], None, None),
        ([output("scores", [1, 0], [])], None, None),
        ([], None, None),
    ],
)
def test_defaults(outputs: list[Any], label: str | None, probabilities: Any) -> None:
    """Label and probabilities are found by the outputs' usual names, else by the only candidate."""
    answer = read(*outputs)

    assert (answer.label, answer.probabilities) == (label, probabilities)


def test_labels_name_the_places() -> None:
    """The setting `labels` names probabilities by place, and labels by number."""
    labels = ["cat", "dog"]

    assert read(output("scores", [1, 2], [0.25, 0.75]), labels=labels) == Answer(
        label="dog",
        probabilities={"cat": 0.25, "dog": 0.75},
        fields={"scores": [[0.25, 0.75]]},
        tensors={"scores": (0.25, 0.75)},
    )
    assert read(output("label", [1], [0], "INT32"), labels=labels).label == "cat"


def test_outputs_by_name() -> None:
    """Outputs that are named in the settings win over the usual names."""
    answer = read(
        output("label", [1], ["x"], "BYTES"),
        output("scores", [1, 2], [0.5, 0.5]),
        output("y", [1], ["cat"], "BYTES"),
        output("p", [1, 2], [1.0, 0.0]),
        label_output="y",
        probabilities_output="p",
    )

    assert (answer.label, answer.probabilities) == ("cat", {"0": 1.0, "1": 0.0})


def test_batch_is_one_answer() -> None:
    """A batch's label is all rows' labels, and its probabilities are left out."""
    answer = read(output("scores", [2, 2], [1.0, 0.0, 0.0, 1.0]), labels=["cat", "dog"])

    assert (answer.label, answer.probabilities) == ("cat,dog", None)
    assert answer.fields == {"scores": [[1.0, 0.0], [0.0, 1.0]]}


def test_fields_are_nested_by_shape() -> None:
    """Flat and nested data of one shape are the same fields."""
    flat = output("t", [1, 2, 2], [1, 2, 3, 4], "INT64")
    nested = output("t", [1, 2, 2], [[[1, 2], [3, 4]]], "INT64")

    assert read(flat).fields == read(nested).fields == {"t": [[[1, 2], [3, 4]]]}


def test_error() -> None:
    """An error is an error; its text, which may quote the request, is left out."""
    answer = OpenInference({}).read_answer(
        status=400, headers=(), body=b'{"error": "input x: canary", "model_name": "m"}'
    )

    assert answer == Answer(error="error", model="m")


@pytest.mark.parametrize(
    ("outputs", "settings", "problem"),
    [
        ([output("x", [1, 3], [1, 2])], {}, r"shape \[1, 3\] has 2 values"),
        ([output("x", [-1], [1])], {}, "shape is not a list of whole numbers"),
        ([{"name": "x"}], {}, "lacks its name or datatype"),
        ([{"name": "x", "datatype": "FP32", "shape": [1]}], {}, "neither data nor"),
        (["x"], {}, "not a JSON object"),
        ([output("scores", [1, 2], ["a", "b"])], {}, "something else than numbers"),
        ([output("scores", [1, 2], [1, 0])], {"labels": ["a"]}, "has 2 figures in a row, but .* 1"),
        ([output("label", [1], [7], "INT8")], {"labels": ["a"]}, "number 7, but .* has 1"),
        ([output("label", [1], [True], "BOOL")], {}, "neither a string nor a whole number"),
        ([], {"label_output": "y"}, 'no output "y"'),
    ],
)
def test_refuses(outputs: list[Any], settings: Any, problem: str) -> None:
    """What does not add up is not this format, in words."""
    with pytest.raises(CodecError, match=problem):
        read(*outputs, **settings)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"labels": []}, "labels must be a list"),
        ({"labels": "abc"}, "labels must be a list"),
        ({"labels": ["a", "a"]}, "labels must all be different"),
        ({"label_output": 3}, "label_output must be"),
    ],
)
def test_bad_settings(settings: Any, problem: str) -> None:
    """A setting that cannot be used is refused at the start, by its key."""
    with pytest.raises(ValueError, match=problem):
        OpenInference(settings)


def test_rewrite_leaves_the_model() -> None:
    """The model is in the path; the body gets none."""
    body = OpenInference({}).rewrite(b'{"inputs":[]}', model="other", parameters={"id": "7"})

    assert body == b'{"inputs":[],"id":"7"}'
    assert OpenInference({}).rewrite(b"{ }", model="other", parameters={}) == b"{ }"


def test_numbers_by_name() -> None:
    """Every output of numbers is there by its name, flat; words and truths are fields alone."""
    answer = read(
        output("a", [2, 1], [[1], [2.5]]),
        output("ids", [2], [7, 8], "INT64"),
        output("words", [1], ["x"], "BYTES"),
        output("sure", [1], [True], "BOOL"),
        output("broken", [2], [0.5, None]),
    )

    assert answer.tensors == {"a": (1.0, 2.5), "ids": (7.0, 8.0)}
    assert answer.fields["broken"] == [0.5, None]


@pytest.mark.parametrize("name", ["embedding", "sentence_embedding", "v"])
def test_embedding(name: str) -> None:
    """An output by its usual name, or the setting's, is one vector for each input."""
    settings = {"embedding_output": "v"} if name == "v" else {}

    answer = read(output(name, [2, 2], [0.5, 1.5, -1, 0]), **settings)

    assert answer.embeddings == ((0.5, 1.5), (-1.0, 0.0))
    assert (answer.label, answer.probabilities) == (None, None)


def test_text_output() -> None:
    """A text by its usual name."""
    assert read(output("text_output", [1], ["Hello."], "BYTES")).text == "Hello."


@pytest.mark.parametrize(
    ("found", "settings", "problem"),
    [
        (output("v", [1, 1, 2], [1, 2]), {"embedding_output": "v"}, r"shape \[1, 1, 2\]"),
        (output("v", [1, 0], []), {"embedding_output": "v"}, r"shape \[1, 0\]"),
        (output("v", [1, 1], ["x"]), {"embedding_output": "v"}, "something else than numbers"),
        (output("t", [1], [7]), {"text_output": "t"}, "something else than strings"),
        (output("t", [1] * 33, [7]), {}, "more than 32 dimensions"),
        (output("t", [2**63], [7]), {}, "or one of 9223372036854775808"),
    ],
)
def test_refuses_what_an_output_is_not(found: Any, settings: Any, problem: str) -> None:
    """An output that is not what it is to be is refused, in words."""
    with pytest.raises(CodecError, match=problem):
        read(found, **settings)


def test_large_output_is_left_out() -> None:
    """An output that is too large to be kept is left out whole, and the others stand."""
    large = output("image", [1, 1 << 20], [0.5])

    answer = read(large, output("label", [1], ["cat"], "BYTES"))

    assert answer == Answer(label="cat", fields={"label": ["cat"]})
    with pytest.raises(CodecError, match='no output "image", or it is too large'):
        read(large, probabilities_output="image")


def test_question_is_the_only_text() -> None:
    """The strings of the only input of type BYTES are what is asked."""
    words = output("prompt", [2], ["a", "b"], "BYTES")
    numbers = output("x", [1], [0.5])

    assert ask(words, numbers) == Question(text="a\nb", source="a\nb", documents=("a", "b"))
    assert ask(words, {**words, "name": "other"}) == Question()
    assert ask(numbers) == Question()
    assert ask(output("image", [1], ["\u0000\u0010JFIF"], "BYTES")) == Question()


def test_settings_say_what_is_asked() -> None:
    """Expressions find inputs by their names, and whatever else is in the request."""
    words = [output(name, [1, 1], [[name]], "BYTES") for name in ("a", "b")]

    found = ask(*words, question="inputs.b[0][0]", tests="parameters.tests")

    assert found == Question(text="b", source="b", tests="assert True")


def test_rewrite_leaves_binary_bodies_alone() -> None:
    """A body in binary is sent on as it is, and refused where a key of it is to be set."""
    body = b'{"inputs":[{"name":"x","parameters":{"binary_data_size":4}}]}    '
    codec = OpenInference({})

    assert codec.rewrite(body, model="other", parameters={}) == body
    for binary in (body, body + b"\x00\xff"):
        with pytest.raises(CodecError):
            codec.rewrite(binary, model=None, parameters={"id": "7"})


def ask(*inputs: Any, **settings: Any) -> Question:
    body = {"inputs": inputs, "parameters": {"tests": "assert True"}}
    request = an_exchange(json.dumps(body).encode(), target=TARGET)
    return OpenInference(settings).read_request(request).question
