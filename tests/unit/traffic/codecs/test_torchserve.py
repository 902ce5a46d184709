"""TorchServe's inference API, by its `inference_api.md` and what its default handlers say."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.torchserve import TorchServe
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


TARGET = "/predictions/resnet-18"
LABELS = {"tabby": 0.75, "tiger_cat": 0.25}


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> TorchServe:
        return TorchServe(settings)

    def a_request(self) -> Exchange:
        return an_exchange(b'{"data": "I like you."}', target=TARGET)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (), json.dumps(LABELS).encode()


def read(body: Any, **settings: Any) -> Answer:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return TorchServe(settings).read_answer(status=200, headers=(), body=body)


def ask(body: bytes, settings: Mapping[str, Any] | None = None, **changes: Any) -> Ask:
    exchange = an_exchange(body, **{"target": TARGET, **changes})
    return TorchServe(settings or {}).read_request(exchange)


def test_label_map() -> None:
    """An image classifier's labels and probabilities."""
    assert read(LABELS) == Answer(label="tabby", probabilities=LABELS, fields=LABELS)


def test_part_of_a_distribution() -> None:
    """The five likeliest of a thousand labels have a label and are no distribution."""
    answer = read({"tabby": 0.5, "tiger_cat": 0.25})

    assert (answer.label, answer.probabilities) == ("tabby", None)


def test_the_documents_example() -> None:
    """A class with its probability is a label, and one probability no distribution."""
    found = {"class": "n02123045 tabby, tabby cat", "probability": 0.42514491081237793}

    assert read(found) == Answer(label="n02123045 tabby, tabby cat", fields=found)


@pytest.mark.parametrize(
    "found", [{"width": 3, "height": 4}, {"a": "b"}, {}, [1, 2], [{"person": [1], "score": 0.9}]]
)
def test_other_json_is_fields(found: Any) -> None:
    """What is no figures in 0..1 by label is taken as it is."""
    assert read(found) == Answer(fields=found)


@pytest.mark.parametrize("body", [b"Hello.", b"7", b"3.5", b"h\xc3\xa9"])
def test_text(body: bytes) -> None:
    """What is no JSON structure is text."""
    assert read(body) == Answer(text=body.decode())


def test_text_in_json() -> None:
    """A JSON string is the text that it holds."""
    assert read("Hello.") == Answer(text="Hello.")


@pytest.mark.parametrize(
    ("form", "body", "answer"),
    [
        ("text", b'{"a": 1}', Answer(text='{"a": 1}')),
        ("fields", LABELS, Answer(fields=LABELS)),
        ("fields", 3, Answer(fields=3)),
        ("embedding", [0.5, 1], Answer(embeddings=((0.5, 1.0),))),
        ("embedding", [[0.5], [1]], Answer(embeddings=((0.5,), (1.0,)))),
        ("labels", b"7\n", Answer(text="7\n", label="7")),
        ("labels", "cat", Answer(text="cat", label="cat")),
        ("labels", {"a": 3, "b": 9}, Answer(label="b", fields={"a": 3, "b": 9})),
        (
            "labels",
            [0.25, 0.75],
            Answer(label="1", probabilities={"0": 0.25, "1": 0.75}, fields=[0.25, 0.75]),
        ),
    ],
)
def test_form_by_the_settings(form: str, body: Any, answer: Answer) -> None:
    """The setting says what an answer is, where it could be several things."""
    assert read(body, form=form) == answer


def test_error() -> None:
    """An error is named by its type and code; its sentence is left out."""
    found = {"code": 503, "type": "InternalServerException", "message": "canary failed"}

    assert read(found) == Answer(error="InternalServerException 503")
    assert read(found, form="fields") == Answer(error="InternalServerException 503")


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        (b"", {}),
        (b"\xff\xd8\xff", {}),
        (b'{"cat": 0.9', {}),
        (b'"cat', {}),
        (b"text", {"form": "embedding"}),
        (b"text", {"form": "fields"}),
        (b'["a"]', {"form": "labels"}),
    ],
)
def test_refuses(body: bytes, settings: Any) -> None:
    """What is neither JSON nor text, or not what the setting says, is not this format."""
    with pytest.raises(CodecError):
        read(body, **settings)


def test_cut_json_is_never_scored() -> None:
    """JSON that is cut anywhere is not taken for a text."""
    assert scored_when_cut(TorchServe({}), json.dumps(LABELS).encode()) == []


def test_bad_form() -> None:
    """A form that there is not is refused, with those there are."""
    with pytest.raises(ValueError, match="form must be one of: labels, embedding, fields, text"):
        TorchServe({"form": "image"})


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("target", "model"),
    [
        (TARGET, "resnet-18"),
        ("/predictions/resnet-18/2.0?x=1", "resnet-18"),
        ("/models/a%20b/invoke", "a b"),
        ("/invocations", None),
    ],
)
def test_model_is_in_the_path(method: str, target: str, model: str | None) -> None:
    """The path names the model; `curl -T` sends PUT."""
    found = ask(b"x", method=method, target=target)

    assert (found.model, found.skip) == (model, "")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"I like you.", "text/plain", "I like you."),
        (b'"I like you."', "application/json", "I like you."),
        (b'"Hello" she said', "", '"Hello" she said'),
        (b"\xff\xd8\xff\xe0", "image/jpeg", ""),
        (b'{"data": "x"}', "application/json", ""),
        (b'--x\r\nContent-Disposition: form-data; name="data"\r\n', "multipart/form-data", ""),
    ],
)
def test_question_is_the_text(body: bytes, content_type: str, text: str) -> None:
    """A body that is text is what is asked; an image, a form or a JSON structure is not."""
    found = ask(body, headers=(("content-type", content_type),))

    assert found.question == Question(text=text, source=text)


def test_settings_say_what_is_asked() -> None:
    """The settings find the text in a JSON body."""
    found = ask(b'{"data": {"text": "x"}}', {"question": "data.text"})

    assert found.question.text == "x"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/ping"),
        ("GET", TARGET),
        ("OPTIONS", TARGET),
        ("POST", "/explanations/resnet-18"),
        ("POST", "/models"),
        ("PUT", "/models/resnet-18"),
        ("POST", "/v1/models/m:predict"),
    ],
)
def test_other_requests_are_skipped(method: str, target: str) -> None:
    """Health, explanations and management are skipped."""
    assert ask(b"x", method=method, target=target) == Ask(skip="not_inference")


def test_image_is_sent_on_as_it_is() -> None:
    """With nothing to change any body goes on; keys can be set in JSON only."""
    codec = TorchServe({})

    assert codec.rewrite(b"\xff\xd8", model="b", parameters={}) == b"\xff\xd8"
    with pytest.raises(CodecError):
        codec.rewrite(b"\xff\xd8", model=None, parameters={"seed": 7})
