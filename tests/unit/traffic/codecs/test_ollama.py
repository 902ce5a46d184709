"""Ollama's own API, by its `docs/api.md`."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question, Token, Tool, ToolCall
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.ollama import Ollama
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


CHAT = {"model": "llama3.2", "messages": [{"role": "user", "content": "why is the sky blue?"}]}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}
LAST = {
    "model": "llama3.2",
    "created_at": "2025-07-07T20:22:19.19314Z",
    "done": True,
    "done_reason": "stop",
    "total_duration": 182242375,
    "prompt_eval_count": 26,
    "eval_count": 3,
}
CHAT_LINES = [
    {"model": "llama3.2", "message": {"role": "assistant", "content": "The"}, "done": False},
    {"model": "llama3.2", "message": {"role": "assistant", "content": " sky"}, "done": False},
    {**LAST, "message": {"role": "assistant", "content": ""}},
]
SAID = Answer(
    text="The sky", finish_reason="stop", input_tokens=26, output_tokens=3, model="llama3.2"
)
CALL = {"function": {"name": "get_weather", "arguments": {"city": "Tokyo"}}}


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class TestContract(CodecContract):
    """The codec keeps the contract."""

    def make(self, settings: Mapping[str, Any]) -> Ollama:
        return Ollama(settings)

    def a_request(self) -> Exchange:
        return an_exchange(json.dumps(CHAT).encode(), target="/api/chat")

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return 200, (("content-type", "application/x-ndjson"),), ndjson(*CHAT_LINES)


def read(*lines: Any) -> Answer:
    return Ollama({}).read_answer(status=200, headers=(), body=ndjson(*lines))


def ask(body: Any, **changes: Any) -> Ask:
    exchange = an_exchange(json.dumps(body).encode(), **{"target": "/api/chat", **changes})
    return Ollama({}).read_request(exchange)


def test_chat_stream() -> None:
    """A chat's pieces are put together; the last line has the counts."""
    assert read(*CHAT_LINES) == SAID


def test_last_line_without_a_message() -> None:
    """Older servers send the counts alone."""
    assert read(*CHAT_LINES[:2], LAST) == SAID


def test_whole_chat() -> None:
    """An answer that was not to be streamed is a stream of one line."""
    assert read({**LAST, "message": {"role": "assistant", "content": "The sky"}}) == SAID


def test_generation() -> None:
    """A generation says `response`, whole and in pieces."""
    pieces = [{"model": "llama3.2", "response": word, "done": False} for word in ("The", " sky")]

    assert read(*pieces, {**LAST, "response": ""}) == SAID
    assert read({**LAST, "response": "The sky", "context": [1, 2]}) == SAID


def test_pretty_answer() -> None:
    """An answer that something on the way wrote over several lines is still one."""
    body = json.dumps({**LAST, "response": "The sky"}, indent=2).encode()

    assert Ollama({}).read_answer(status=200, headers=(), body=body) == SAID


def test_tool_calls() -> None:
    """A call's arguments are an object; a turn that ends with calls ends for them."""
    line = {"message": {"role": "assistant", "content": "", "tool_calls": [CALL]}, "done": False}

    answer = read(line, {**LAST, "message": {"role": "assistant", "content": ""}})

    assert answer.tool_calls == (ToolCall(name="get_weather", arguments={"city": "Tokyo"}),)
    assert (answer.text, answer.finish_reason) == (None, "tool")


def test_thinking() -> None:
    """Thinking is apart from the text, and so is what stands between think tags."""
    lines = [
        {"message": {"content": "", "thinking": "Well"}, "done": False},
        {"message": {"content": "", "thinking": ", yes."}, "done": False},
        {**LAST, "message": {"content": "Blue."}},
    ]

    for answer in (read(*lines), read({**LAST, "response": "<think>Well, yes.</think>Blue."})):
        assert (answer.reasoning, answer.text) == ("Well, yes.", "Blue.")


def test_structured_output() -> None:
    """A text that is JSON is the fields."""
    answer = read({**LAST, "response": '{\n  "age": 22,\n  "available": true\n}'})

    assert answer.fields == {"age": 22, "available": True}


def test_log_probabilities() -> None:
    """Tokens of all lines are read, with the likeliest others."""
    likely = [{"token": "The", "logprob": -0.25}, {"token": "A", "logprob": -2}]
    first = {"token": "The", "logprob": -0.25, "bytes": [84], "top_logprobs": likely}

    answer = read(
        {**CHAT_LINES[0], "logprobs": [first]},
        {**CHAT_LINES[1], "logprobs": [{"token": " sky", "logprob": -0.5}]},
        LAST,
    )

    assert answer.tokens == (
        Token(text="The", log_probability=-0.25, alternatives={"The": -0.25, "A": -2.0}),
        Token(text=" sky", log_probability=-0.5),
    )


def test_embed() -> None:
    """One vector for each input."""
    found = {"model": "all-minilm", "embeddings": [[0.5, -1], [2, 0]], "prompt_eval_count": 8}

    assert read(found) == Answer(
        embeddings=((0.5, -1.0), (2.0, 0.0)), input_tokens=8, model="all-minilm"
    )


def test_older_embeddings() -> None:
    """The older endpoint answers with one vector."""
    assert read({"embedding": [0.5, -1]}).embeddings == ((0.5, -1.0),)


@pytest.mark.parametrize(
    ("word", "reason"), [("stop", "stop"), ("length", "length"), ("load", None), (None, None)]
)
def test_finish_reasons(word: str | None, reason: str | None) -> None:
    """The wire's words become the normal ones; others say nothing."""
    assert read({**LAST, "response": "a", "done_reason": word}).finish_reason == reason


def test_silence_is_an_empty_text() -> None:
    """A model that says nothing has said an empty text."""
    assert read({**LAST, "response": ""}).text == ""


def test_error() -> None:
    """An error is one, alone and in the middle of a stream; its sentence is left out."""
    error = {"error": "an error was encountered: canary"}

    assert read(error) == Answer(error="error")
    assert read(CHAT_LINES[0], error) == Answer(error="error", model="llama3.2")


@pytest.mark.parametrize(
    "lines",
    [
        CHAT_LINES,
        [{"response": "The", "done": False}, {**LAST, "response": ""}],
        [{"model": "m", "embeddings": [[0.5, 1.5]]}],
    ],
)
def test_cut_answers_are_never_scored(lines: list[Any]) -> None:
    """An answer that is cut anywhere is incomplete; only the last line's end may be missing."""
    body = ndjson(*lines)

    assert scored_when_cut(Ollama({}), body) == [len(body) - 1]


def test_stream_without_its_last_line() -> None:
    """A stream that is never done is incomplete, and what it said so far is kept."""
    answer = read(*CHAT_LINES[:2])

    assert (answer.incomplete, answer.text) == (True, "The sky")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"[]\n",
        b"{}\n",
        b"<html>",
        b'{"message": 5, "done": true}\n',
        b'{"message": {"content": 5}}\n',
        b'{"response": ["a"]}\n',
        b'{"message": {"content": "", "tool_calls": [1]}}\n',
        b'{"embeddings": []}\n',
        b'{"response": "a"}\n{"resp\n',
        b'{"response": "a"}\nx\n{"done": true}\n',
    ],
)
def test_refuses(body: bytes) -> None:
    """What is none of the answers is not this format."""
    with pytest.raises(CodecError):
        Ollama({}).read_answer(status=200, headers=(), body=body)


def test_chat_request() -> None:
    """A chat asks the last thing its user said, with tools and a schema."""
    schema = {"type": "object"}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "User", "content": "what is the weather in Toronto?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "11 degrees celsius", "tool_name": "get_weather"},
        {"role": "user", "content": "And tomorrow?"},
    ]

    found = ask({"model": "m", "messages": messages, "tools": [TOOL], "format": schema})

    assert found == Ask(
        model="m",
        streams=True,
        question=Question(
            instructions="Be brief.",
            text="And tomorrow?",
            source="what is the weather in Toronto?\n11 degrees celsius\nAnd tomorrow?",
            turns=4,
            tools=(Tool(name="get_weather", parameters=PARAMETERS),),
            schema=schema,
        ),
    )


def test_generate_request() -> None:
    """A generation asks its prompt; the word json asks for any object."""
    body = {"model": "m", "prompt": "Why?", "system": "Rhyme.", "stream": False, "format": "json"}

    found = ask(body, target="/api/generate")

    question = Question(
        instructions="Rhyme.", text="Why?", source="Why?", turns=1, schema={"type": "object"}
    )
    assert found == Ask(model="m", question=question)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/api/embed", {"model": "m", "input": ["a", "b"]}),
        ("/gateway/api/embed", {"model": "m", "input": ["a", "b"], "stream": True}),
    ],
)
def test_embed_request(target: str, body: Any) -> None:
    """What is embedded are documents, and is never streamed."""
    assert ask(body, target=target) == Ask(model="m", question=Question(documents=("a", "b")))


def test_older_embeddings_request() -> None:
    """The older endpoint embeds its prompt."""
    found = ask({"model": "m", "prompt": "a"}, target="/api/embeddings")

    assert found == Ask(model="m", question=Question(documents=("a",)))


@pytest.mark.parametrize(
    ("stream", "streams"), [(True, True), (False, False), (None, True), ("no", True)]
)
def test_streams_unless_told_not_to(stream: Any, streams: bool) -> None:
    """Only `stream: false` turns streaming off."""
    assert ask({**CHAT, "stream": stream}).streams == streams


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/api/pull", {"model": "m"}),
        ("POST", "/api/create", {"model": "m", "from": "n"}),
        ("DELETE", "/api/delete", {"model": "m"}),
        ("POST", "/api/show", {"model": "m"}),
        ("GET", "/api/tags", {}),
        ("POST", "/v1/chat/completions", CHAT),
        ("POST", "/api/generate", {"model": "m"}),
        ("POST", "/api/generate", {"model": "m", "prompt": "", "keep_alive": 0}),
        ("POST", "/api/chat", {"model": "m", "messages": []}),
    ],
)
def test_other_requests_are_skipped(method: str, target: str, body: Any) -> None:
    """Management, and loading or unloading a model, is skipped."""
    assert ask(body, method=method, target=target) == Ask(skip="not_inference")


def test_rewrite_names_the_other_model() -> None:
    """The model is replaced and parameters are set."""
    body = Ollama({}).rewrite(
        b'{"model":"a","prompt":"x"}', model="b", parameters={"options": {"seed": 7}}
    )

    assert body == b'{"model":"b","prompt":"x","options":{"seed":7}}'
