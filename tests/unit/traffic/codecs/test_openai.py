"""OpenAI-style chat and completions: real exchanges, and what servers are known to send."""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, ToolCall
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import Recorded, recorded
from tests.factories import an_exchange


STREAM: Headers = (("content-type", "text/event-stream"),)


class TestContract(CodecContract):
    """OpenAI's codec keeps the contract, on a real exchange."""

    def make(self, settings: Mapping[str, Any]) -> OpenAI:
        return OpenAI(settings)

    def a_request(self) -> Exchange:
        return a_request(recorded()["openai_openai_tool_output_1"])

    def an_answer(self) -> tuple[int, Headers, bytes]:
        one = recorded()["openai_openai_tool_output_1"]
        return one.status, one.headers, one.body


class TestStreamContract(TestContract):
    """It keeps the contract on a real stream."""

    def an_answer(self) -> tuple[int, Headers, bytes]:
        one = recorded()["openai_openai_moderation_stream_0"]
        return one.status, one.headers, one.body


def a_request(one: Recorded) -> Exchange:
    return an_exchange(json.dumps(one.request).encode(), target=one.target)


def ask(body: Any, **changes: Any) -> Any:
    return OpenAI({}).read_request(an_exchange(json.dumps(body).encode(), **changes))


def read(answer: Any, *, status: int = 200) -> Answer:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return OpenAI({}).read_answer(status=status, headers=(), body=body)


def read_recorded(name: str) -> Answer:
    one = recorded()[name]
    return OpenAI({}).read_answer(status=one.status, headers=one.headers, body=one.body)


def stream(*chunks: Any, done: bool = True) -> Answer:
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"] * done
    return OpenAI({}).read_answer(status=200, headers=STREAM, body="".join(events).encode())


def delta(finish: str | None = None, **content: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": content, "finish_reason": finish}]}


def message(**content: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": content, "finish_reason": "stop"}]}


# --- real exchanges ---


def test_recorded_stream() -> None:
    """A real stream reads like a whole answer; usage comes in a chunk without choices."""
    assert read_recorded("openai_openai_moderation_stream_0") == Answer(
        text="Paris.",
        finish_reason="stop",
        input_tokens=13,
        output_tokens=11,
        model="gpt-5-2025-08-07",
    )


def test_recorded_tool_call() -> None:
    """A real tool call has its arguments parsed, and its null content stays None."""
    assert read_recorded("openai_openai_tool_output_1") == Answer(
        text=None,
        tool_calls=(
            ToolCall(name="final_result", arguments={"city": "Mexico City", "country": "Mexico"}),
        ),
        finish_reason="tool",
        input_tokens=89,
        output_tokens=36,
        model="gpt-4o-2024-08-06",
    )


def test_recorded_error() -> None:
    """A real error is named by its type and code, without the server's own sentence."""
    answer = read_recorded("groq_tool_use_failed_error_with_text_0")

    assert answer == Answer(error="invalid_request_error tool_use_failed")


@pytest.mark.parametrize(
    "name", ["groq_tool_use_failed_error_with_text_1", "ollama_ollama_cloud_tool_output_0"]
)
def test_recorded_reasoning(name: str) -> None:
    """What providers call `reasoning` is reasoning, and no part of the text."""
    answer = read_recorded(name)

    assert len(answer.reasoning) > 100
    assert answer.text in {None, "Paris."}


# --- requests ---


@pytest.mark.parametrize("name", sorted(recorded()))
def test_recorded_requests_are_read(name: str) -> None:
    """Real requests name their model and say whether they want a stream."""
    one = recorded()[name]

    found = OpenAI({}).read_request(a_request(one))

    assert (found.model, found.skip) == (one.request["model"], "")
    assert found.streams is ("stream" in name)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/embeddings", {"input": "x"}),
        ("/v1/models", {}),
        ("/v1/chat/completions", {"input": "x"}),
    ],
)
def test_other_requests_are_skipped(target: str, body: Any) -> None:
    """Neither an embedding nor a list of models is mirrored; the path and the body both count."""
    assert ask(body, target=target).skip == "not_inference"


def test_paths_may_have_a_prefix_and_a_query() -> None:
    """A gateway's prefix and query do not hide the path."""
    target = "/openai/deployments/x/chat/completions?api-version=1"

    assert ask({"messages": []}, target=target).skip == ""


@pytest.mark.parametrize(
    ("extra", "skip"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, ""),
        ({"tools": None}, ""),
        (
            {"tools": [{"type": "function"}, {"type": "web_search_preview"}]},
            "server_side_tools",
        ),
        ({"tools": [{"type": "mcp"}]}, "server_side_tools"),
        ({"tools": ["x"]}, "server_side_tools"),
        ({"tools": {"type": "function"}}, "server_side_tools"),
        ({"web_search_options": {}}, "server_side_tools"),
    ],
)
def test_tools_of_the_server_are_never_called_twice(extra: Any, skip: str) -> None:
    """Whatever the server itself would do is not mirrored; functions are only proposed."""
    assert ask({"messages": [], **extra}).skip == skip


@pytest.mark.parametrize("body", [[], "x", None])
def test_request_must_be_an_object(body: Any) -> None:
    """A request that is no JSON object is not this format."""
    with pytest.raises(CodecError, match="not a JSON object"):
        ask(body)


def test_rewrite_names_the_model() -> None:
    """The model's name is replaced, and keys keep their order."""
    body = b'{"model":"a","messages":[],"temperature":1}'

    changed = OpenAI({}).rewrite(body, model="b", parameters={"temperature": 0, "seed": 7})

    assert changed == b'{"model":"b","messages":[],"temperature":0,"seed":7}'


# --- whole answers ---


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "hi"),
        ("", ""),
        (None, None),
        ([{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], "hi"),
    ],
)
def test_content_forms(content: Any, text: str | None) -> None:
    """Content is a string, null, or a list of parts."""
    assert read(message(content=content)).text == text


def test_completions() -> None:
    """The older completions have their text in the choice itself."""
    assert read({"choices": [{"text": "hi", "finish_reason": "length"}]}) == Answer(
        text="hi", finish_reason="length"
    )


def test_refusal_is_no_text() -> None:
    """A refusal is told apart from a text, as a field or as a part."""
    assert read(message(content=None, refusal="No.")).refusal == "No."
    assert read(message(content=[{"type": "refusal", "refusal": "No."}])).refusal == "No."


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ("<think>\nhm\n</think>\n\nhi", "hm", "hi"),
        ("hm</think>hi", "hm", "hi"),
        ("<think>hm", "hm", ""),
        ("the tag <think> ends with </think>", "", "the tag <think> ends with </think>"),
        ("hi", "", "hi"),
    ],
)
def test_thinking_aloud(content: str, reasoning: str, text: str) -> None:
    """What stands between think tags is reasoning, also when a template opened the tag."""
    answer = read(message(content=content))

    assert (answer.reasoning, answer.text) == (reasoning, text)


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("length", "length"),
        ("tool_calls", "tool"),
        ("function_call", "tool"),
        ("content_filter", "filter"),
        ("some_new_word", None),
        (None, None),
    ],
)
def test_finish_reasons(word: str | None, normal: str | None) -> None:
    """The wire's words become the normal ones, and an unknown one is not guessed at."""
    answer = read({"choices": [{"message": {"content": "x"}, "finish_reason": word}]})

    assert answer.finish_reason == normal
    assert answer.error is None


def test_finish_reason_error_is_an_error() -> None:
    """An answer that the server itself calls broken off is an error, never a short text."""
    answer = read({"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]})

    assert (answer.finish_reason, answer.error) == ("error", "the model server broke off")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ({"error": "model not found"}, "error"),
        ({"error": {"message": "secret"}}, "error"),
        ({"error": {"type": "server_error", "code": 500}}, "server_error 500"),
        ({"error": {"type": "the prompt was: secret"}}, "error"),
        (
            {"object": "error", "message": "secret", "type": "BadRequest", "code": 400},
            "BadRequest 400",
        ),
    ],
)
def test_errors_are_named_without_their_message(error: Any, name: str) -> None:
    """An error has a name in words; its message may quote the request and is left out."""
    assert read(error).error == name


def test_tool_arguments_that_are_not_json() -> None:
    """Arguments that are not JSON are None; none at all are an empty object."""
    calls = [
        {"function": {"name": "bad", "arguments": '{"a": '}},
        {"function": {"name": "none", "arguments": ""}},
        {"function": {"name": "whole", "arguments": {"a": 1}}},
    ]

    assert read(message(content=None, tool_calls=calls)).tool_calls == (
        ToolCall(name="bad", arguments=None),
        ToolCall(name="none", arguments={}),
        ToolCall(name="whole", arguments={"a": 1}),
    )


def test_whole_calls_are_told_apart_by_place() -> None:
    """Servers that number all calls 0 do not melt them into one."""
    calls = [{"index": 0, "function": {"name": name, "arguments": "{}"}} for name in "ab"]

    assert [call.name for call in read(message(tool_calls=calls)).tool_calls] == ["a", "b"]


def test_legacy_function_call() -> None:
    """The older `function_call` is a tool call."""
    found = read(message(function_call={"name": "f", "arguments": '{"a":1}'}))

    assert found.tool_calls == (ToolCall(name="f", arguments={"a": 1}),)


def test_json_text_has_fields() -> None:
    """A text that is a JSON object is given as fields too."""
    assert read(message(content='{"total": 5}')).fields == {"total": 5}
    assert read(message(content='The total is {"total": 5}')).fields is None


def test_only_the_first_choice_is_read() -> None:
    """Of several choices the one with index 0 is read, wherever it stands."""
    choices = [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"content": "a"}}]

    assert read({"choices": choices}).text == "a"


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -1}, {"prompt_tokens": True}, {"prompt_tokens": "5"}, None]
)
def test_odd_usage_is_none(usage: Any) -> None:
    """A count that is no count is None, and no reason to lose the answer."""
    assert read({**message(content="x"), "usage": usage}).input_tokens is None


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"detail": "Not Found"}])
def test_neither_answer_nor_error(answer: Any) -> None:
    """JSON that says neither is not this format."""
    with pytest.raises(CodecError, match="neither choices nor an error"):
        read(answer)


# --- streams ---


def test_stream_and_whole_answer_read_alike() -> None:
    """The pieces of an answer, put together, read as the whole answer does."""
    whole = read(message(content="<think>a</think>bc", refusal=None))

    assert stream(
        delta(role="assistant", content=""),
        delta(content="<thi"),
        delta(content="nk>a</think>b"),
        delta(content="c"),
        delta(finish="stop"),
    ) == replace(whole)


def test_streamed_tool_calls_are_merged_by_index() -> None:
    """Pieces of several calls, in any order, end up in the call that they belong to."""

    def piece(index: int, arguments: str, **first: str) -> dict[str, Any]:
        function = {"arguments": arguments, **first}
        return delta(tool_calls=[{"index": index, "function": function}])

    answer = stream(
        piece(0, "", name="f"), piece(1, "", name="g"), piece(1, '{"b":'), piece(0, '{"a":1}'),
        piece(1, "2}"), delta(finish="tool_calls"),
    )  # fmt: skip

    assert answer.text is None
    assert answer.tool_calls == (
        ToolCall(name="f", arguments={"a": 1}),
        ToolCall(name="g", arguments={"b": 2}),
    )


def test_streamed_calls_with_one_index_and_two_ids() -> None:
    """Two ids are two calls, even where a server numbers both of them 0."""
    calls = [
        delta(tool_calls=[{"index": 0, "id": name, "function": {"name": name, "arguments": "{}"}}])
        for name in "ab"
    ]

    assert [call.name for call in stream(*calls).tool_calls] == ["a", "b"]


def test_streamed_refusal_and_reasoning() -> None:
    """Pieces of a refusal and of reasoning are put together."""
    answer = stream(
        delta(reasoning_content="a"), delta(reasoning="b"), delta(refusal="N"), delta(refusal="o.")
    )

    assert (answer.reasoning, answer.refusal, answer.text) == ("ab", "No.", None)


def test_streamed_completions() -> None:
    """Streams of completions have pieces of text in the choice itself."""
    assert stream({"choices": [{"text": "h"}]}, {"choices": [{"text": "i"}]}).text == "hi"


@pytest.mark.parametrize(
    ("chunks", "done", "incomplete"),
    [
        ([delta(content="x")], False, True),
        ([], False, True),
        ([delta(content="x")], True, False),
        ([delta(content="x", finish="length")], False, False),
        ([delta(content="x", finish="some_new_word")], False, False),
    ],
)
def test_stream_that_was_cut(chunks: list[Any], done: bool, incomplete: bool) -> None:
    """Without a finish reason and without [DONE] a stream is incomplete."""
    assert stream(*chunks, done=done).incomplete is incomplete


def test_cut_inside_an_event() -> None:
    """An event that was cut in the middle is no event, and the stream is incomplete."""
    one = recorded()["openai_openai_moderation_stream_0"]

    answer = OpenAI({}).read_answer(status=200, headers=STREAM, body=one.body[:700])

    assert answer.incomplete
    assert answer.text == "Paris"


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"type": "server_error", "message": "x"}}\n\n',
        b'event: error\ndata: {"message": "x"}\n\n',
    ],
)
def test_error_in_the_middle_of_a_stream(event: bytes) -> None:
    """An error that comes after some text is an error, and no incomplete stream."""
    body = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n' + event

    answer = OpenAI({}).read_answer(status=200, headers=STREAM, body=body)

    assert answer.error in {"server_error", "error event"}
    assert not answer.incomplete


def test_json_error_under_a_streams_content_type() -> None:
    """The bytes say what it is, whatever the content type says."""
    answer = OpenAI({}).read_answer(
        status=500, headers=STREAM, body=b'{"error": {"type": "overloaded"}}'
    )

    assert answer.error == "overloaded"
