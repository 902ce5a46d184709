"""Text Embeddings Inference's own API, by its OpenAPI document."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.tei import TextEmbeddingsInference
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


PREDICTION = [{"score": 0.75, "label": "admiration"}, {"score": 0.25, "label": "anger"}]
RANKS = [{"index": 2, "score": 0.5}, {"index": 0, "score": 0.9}, {"index": 1, "score": 0.1}]


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> TextEmbeddingsInference:
        return TextEmbeddingsInference(settings)

    def a_request(self) -> Exchange:
        return an_exchange(b'{"inputs": "I like you."}', target="/predict")

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (), json.dumps(PREDICTION).encode()


def read(answer: Any, *, headers: Headers = ()) -> Answer:
    body = json.dumps(answer).encode()
    return TextEmbeddingsInference({}).read_answer(status=200, headers=headers, body=body)


def ask(body: Any, **changes: Any) -> Ask:
    exchange = an_exchange(json.dumps(body).encode(), **{"target": "/embed", **changes})
    return TextEmbeddingsInference({}).read_request(exchange)


def test_embed() -> None:
    """One vector for each input; the header counts the tokens."""
    answer = read([[0.5, -1], [0, 2.5]], headers=(("x-compute-tokens", "12"),))

    assert answer == Answer(embeddings=((0.5, -1.0), (0.0, 2.5)), input_tokens=12)


def test_rerank() -> None:
    """The ranking is the documents' places, best score first."""
    assert read(RANKS) == Answer(ranking=("0", "2", "1"), fields=RANKS)


def test_predict() -> None:
    """A prediction is a label and the probabilities."""
    assert read(PREDICTION) == Answer(
        label="admiration", probabilities={"admiration": 0.75, "anger": 0.25}, fields=PREDICTION
    )


def test_predict_batch() -> None:
    """A batch's label is all inputs' labels; of one input it is like a single prediction."""
    assert read([PREDICTION, PREDICTION[1:]]).label == "admiration,anger"
    assert read([PREDICTION, PREDICTION[1:]]).probabilities is None
    assert read([PREDICTION]).probabilities == {"admiration": 0.75, "anger": 0.25}


def test_raw_scores_are_no_probabilities() -> None:
    """Raw scores have a likeliest label and no distribution."""
    answer = read([{"score": 3.5, "label": "a"}, {"score": -1, "label": "b"}])

    assert (answer.label, answer.probabilities) == ("a", None)


def test_similarity() -> None:
    """Similarities are numbers by name."""
    assert read([0.5, 1]).tensors == {"similarity": (0.5, 1.0)}


def test_error_by_its_type() -> None:
    """An error is named by its type; its sentence is left out."""
    found = {"error": "Model is overloaded: canary", "error_type": "overloaded"}

    assert read(found) == Answer(error="overloaded")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        ["x"],
        [[]],
        [["x"]],
        [[0.5], []],
        [[0.5], [0.5, 1.0]],
        [[[0.5]]],
        [{"index": 0}],
        [{"index": 0, "score": 1}, {"index": 0, "score": 2}],
        [{"label": "a"}],
        [[{"index": 0, "value": 1}]],
        [0.5, None],
    ],
)
def test_refuses(answer: Any) -> None:
    """What is none of the answers is not this format."""
    with pytest.raises(CodecError):
        read(answer)


@pytest.mark.parametrize("answer", [[[0.5, -1.25]], RANKS, PREDICTION, [0.5, 0.25]])
def test_cut_answers_are_never_scored(answer: Any) -> None:
    """An answer that is cut anywhere is refused."""
    body = json.dumps(answer).encode()

    assert scored_when_cut(TextEmbeddingsInference({}), body) == []


@pytest.mark.parametrize(
    ("target", "body", "question"),
    [
        ("/embed", {"inputs": "a"}, Question(documents=("a",))),
        ("/embed", {"inputs": ["a", "b"]}, Question(documents=("a", "b"))),
        ("/embed", {"inputs": [[1, 2]]}, Question()),
        ("/", {"inputs": ["a"]}, Question(documents=("a",))),
        (
            "/rerank",
            {"query": "q", "texts": ["a", "b"]},
            Question(text="q", source="q\na\nb", documents=("a", "b")),
        ),
        (
            "/similarity",
            {"inputs": {"source_sentence": "s", "sentences": ["a"]}},
            Question(text="s", source="s\na", documents=("a",)),
        ),
        ("/predict", {"inputs": "a"}, Question(text="a", source="a")),
        ("/predict", {"inputs": ["a", "b"]}, Question(text="a\nb", source="a\nb")),
        ("/predict", {"inputs": [["a"], ["b", "c"]]}, Question(text="a\nb\nc", source="a\nb\nc")),
    ],
)
def test_requests(target: str, body: Any, question: Question) -> None:
    """What is embedded or ranked are documents; what is classified is a text."""
    assert ask(body, target=target) == Ask(question=question)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/info"),
        ("GET", "/"),
        ("POST", "/tokenize"),
        ("POST", "/decode"),
        ("POST", "/v1/embeddings"),
        ("POST", "/embed_sparse"),
        ("POST", "/embed_all"),
    ],
)
def test_other_requests_are_skipped(method: str, target: str) -> None:
    """What is not read is skipped."""
    assert ask({"inputs": "a"}, method=method, target=target) == Ask(skip="not_inference")


def test_request_without_inputs_is_skipped() -> None:
    """A body that asks for nothing is skipped."""
    assert ask({"ids": [1]}).skip == "not_inference"
