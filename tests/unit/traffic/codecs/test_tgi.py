"""Text Generation Inference's own API, by its OpenAPI document."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question, Token
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.tgi import TextGenerationInference
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


REQUEST = {"inputs": "What is Deep Learning?", "parameters": {"max_new_tokens": 2}}
WHOLE = {
    "generated_text": " for /",
    "details": {
        "finish_reason": "length",
        "generated_tokens": 2,
        "seed": None,
        "prefill": [],
        "tokens": [
            {"id": 363, "text": " for", "logprob": -1.5, "special": False},
            {"id": 847, "text": " /", "logprob": -2.5, "special": False},
        ],
        "top_tokens": [
            [{"id": 363, "text": " for", "logprob": -1.5, "special": False}],
            [{"id": 1, "text": " a", "logprob": -0.5, "special": False}],
        ],
    },
}
EVENTS = [
    {
        "index": 1,
        "token": {"id": 363, "text": " for", "logprob": -1.5, "special": False},
        "top_tokens": [{"id": 363, "text": " for", "logprob": -1.5, "special": False}],
        "generated_text": None,
        "details": None,
    },
    {
        "index": 2,
        "token": {"id": 847, "text": " /", "logprob": -2.5, "special": False},
        "top_tokens": [{"id": 1, "text": " a", "logprob": -0.5, "special": False}],
        "generated_text": None,
        "details": None,
    },
    {
        "index": 3,
        "token": {"id": 2, "text": "</s>", "logprob": -0.25, "special": True},
        "generated_text": " for /",
        "details": {
            "finish_reason": "eos_token",
            "generated_tokens": 3,
            "seed": None,
            "input_length": 6,
        },
    },
]
TOKENS = (
    Token(text=" for", log_probability=-1.5, alternatives={" for": -1.5}),
    Token(text=" /", log_probability=-2.5, alternatives={" a": -0.5}),
)


def stream(*events: Any) -> bytes:
    return b": keep-alive\n\n" + b"".join(
        b"data:" + json.dumps(event).encode() + b"\n\n" for event in events
    )


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> TextGenerationInference:
        return TextGenerationInference(settings)

    def a_request(self) -> Exchange:
        return an_exchange(json.dumps(REQUEST).encode(), target="/generate")

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (), json.dumps(WHOLE).encode()


class TestStreamContract(TestContract):
    """It keeps the contract on a stream."""

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (("content-type", "text/event-stream"),), stream(*EVENTS)


def read(answer: Any, *, headers: Headers = ()) -> Answer:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return TextGenerationInference({}).read_answer(status=200, headers=headers, body=body)


def ask(body: Any, **changes: Any) -> Ask:
    exchange = an_exchange(json.dumps(body).encode(), **{"target": "/generate", **changes})
    return TextGenerationInference({}).read_request(exchange)


def test_whole_answer() -> None:
    """Text, tokens with their alternatives, counts and the reason of the end are read."""
    headers = (("x-prompt-tokens", "6"), ("x-generated-tokens", "2"))

    assert read(WHOLE, headers=headers) == Answer(
        text=" for /",
        tokens=TOKENS,
        finish_reason="length",
        input_tokens=6,
        output_tokens=2,
    )


def test_stream() -> None:
    """A stream says the same; the end's own token is no part of the text."""
    assert read(stream(*EVENTS)) == Answer(
        text=" for /", tokens=TOKENS, finish_reason="stop", input_tokens=6, output_tokens=3
    )


def test_compatible_list() -> None:
    """`/` answers with a list of one answer, without details where none were asked for."""
    assert read([{"generated_text": "hi"}]) == Answer(text="hi")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("length", "length"), ("eos_token", "stop"), ("stop_sequence", "stop"), ("new", None)],
)
def test_finish_reasons(word: str, reason: str | None) -> None:
    """The wire's words become the normal ones; an unknown one says nothing."""
    answer = read({"generated_text": "a", "details": {"finish_reason": word}})

    assert answer.finish_reason == reason


def test_output_tokens_without_details() -> None:
    """Without details the tokens are counted by the header."""
    answer = read({"generated_text": "a"}, headers=(("x-generated-tokens", "7"),))

    assert answer.output_tokens == 7


def test_thinking_is_taken_out() -> None:
    """What a model thinks aloud between think tags is no text."""
    answer = read({"generated_text": "<think>2+2</think>\n4"})

    assert (answer.reasoning, answer.text) == ("2+2", "4")


def test_json_text() -> None:
    """A text that is JSON, as guidance makes it, is the fields."""
    assert read({"generated_text": '{"animals": 3}'}).fields == {"animals": 3}


def test_tokens_without_a_probability_are_left_out() -> None:
    """Where no probability is told none is made up."""
    details = {"tokens": [{"text": "a", "logprob": None}, {"text": "b", "logprob": 1e-9}]}

    answer = read({"generated_text": "ab", "details": details})

    assert answer.tokens == (Token(text="b", log_probability=0.0),)


@pytest.mark.parametrize(
    ("error_type", "error"),
    [("overloaded", "overloaded"), ("quotes the canary", "error"), (None, "error")],
)
def test_errors_by_their_type(error_type: Any, error: str) -> None:
    """An error is named by its type, whole and in a stream; its sentence is left out."""
    found = {"error": "Input validation error: canary", "error_type": error_type}

    assert read(found) == Answer(error=error)
    assert read(stream(EVENTS[0], found)) == Answer(error=error)


def test_cut_streams_are_never_scored() -> None:
    """A stream that is cut anywhere is incomplete."""
    body = stream(*EVENTS)

    assert scored_when_cut(TextGenerationInference({}), body) == []
    assert read(stream(*EVENTS[:-1])).incomplete


def test_cut_answers_are_never_scored() -> None:
    """A whole answer that is cut anywhere is refused."""
    body = json.dumps([WHOLE]).encode()

    assert scored_when_cut(TextGenerationInference({}), body) == []


@pytest.mark.parametrize("answer", [{}, [], [1], {"generated_text": 5}, {"generated_text": None}])
def test_refuses(answer: Any) -> None:
    """What has neither a text nor an error is not this format."""
    with pytest.raises(CodecError):
        read(answer)


@pytest.mark.parametrize(
    ("target", "body", "streams"),
    [
        ("/generate", REQUEST, False),
        ("/generate_stream", REQUEST, True),
        ("/", {**REQUEST, "stream": True}, True),
        ("/gateway/generate?x=1", REQUEST, False),
        ("/invocations", REQUEST, False),
    ],
)
def test_requests(target: str, body: Any, streams: bool) -> None:
    """The prompt is what is asked; the path, or a key, says whether the answer streams."""
    prompt = "What is Deep Learning?"

    assert ask(body, target=target) == Ask(
        streams=streams, question=Question(text=prompt, source=prompt, turns=1)
    )


@pytest.mark.parametrize(
    ("grammar", "schema"),
    [
        ({"type": "json", "value": {"type": "object"}}, {"type": "object"}),
        ({"type": "regex", "value": "a+"}, None),
        ("json", None),
    ],
)
def test_schema_of_a_grammar(grammar: Any, schema: Any) -> None:
    """A grammar that is a JSON Schema is what the answer was asked to follow."""
    found = ask({"inputs": "x", "parameters": {"grammar": grammar}})

    assert found.question.schema == schema


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/", {}),
        ("GET", "/info", {}),
        ("POST", "/tokenize", REQUEST),
        ("POST", "/v1/chat/completions", {"messages": []}),
        ("POST", "/vertex", {"instances": [REQUEST]}),
        ("POST", "/invocations", {"messages": []}),
    ],
)
def test_other_requests_are_skipped(method: str, target: str, body: Any) -> None:
    """What asks for no generated text of this API is skipped."""
    assert ask(body, method=method, target=target) == Ask(skip="not_inference")


def test_settings_say_what_is_asked() -> None:
    """The program that checks the code is where the setting says."""
    body = json.dumps({**REQUEST, "tests": "assert f(1) == 1"}).encode()

    found = TextGenerationInference({"tests": "tests"}).read_request(
        an_exchange(body, target="/generate")
    )

    assert found.question.tests == "assert f(1) == 1"
    assert found.question.text == "What is Deep Learning?"
