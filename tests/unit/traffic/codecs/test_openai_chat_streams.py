"""Streamed chat and completions answers: what servers are known to send."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import ToolCall
from shadowmon.traffic.codecs.openai import OpenAI
from tests.chats import STREAM, delta, message, read, stream
from tests.exchanges import recorded


def test_stream_and_whole_answer_read_alike() -> None:
    """The pieces of an answer, put together, read as the whole answer does."""
    whole = read(message(content="<think>a</think>bc", refusal=None))

    assert (
        stream(
            delta(role="assistant", content=""),
            delta(content="<thi"),
            delta(content="nk>a</think>b"),
            delta(content="c"),
            delta(finish="stop"),
        )
        == whole
    )


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
        ([delta(content="x", finish="length")], False, True),
        ([delta(content="x", finish="length")], True, False),
        ([delta(content="x", finish="some_new_word")], True, False),
    ],
)
def test_stream_that_was_cut(chunks: list[Any], done: bool, incomplete: bool) -> None:
    """Without [DONE] a stream is incomplete, even after its finish reason: usage may be missing."""
    assert stream(*chunks, done=done).incomplete is incomplete


def test_server_that_never_sends_done() -> None:
    """Where a finish reason is set to be the end, it is, and nothing else is."""
    end: dict[str, Any] = {"stream_end": "finish_reason"}

    assert not stream(delta(content="x", finish="stop"), done=False, **end).incomplete
    assert not stream(delta(content="x"), **end).incomplete
    assert stream(delta(content="x"), done=False, **end).incomplete


@pytest.mark.parametrize("chunks", [[], [{"choices": []}], [{"type": "ping"}]])
def test_stream_without_an_answer(chunks: list[Any]) -> None:
    """A stream that says neither answer nor error is not this format."""
    with pytest.raises(CodecError, match="neither choices nor an error"):
        stream(*chunks)


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


def test_usage_in_a_chunk_without_choices() -> None:
    """The last chunk of a stream may have usage and no choices."""
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}

    answer = stream(delta(content="x"), delta(finish="stop"), usage)

    assert (answer.text, answer.input_tokens, answer.output_tokens) == ("x", 3, 1)


def test_streamed_log_probabilities() -> None:
    """Every chunk has the tokens of its own piece."""
    chunks = [
        {
            "choices": [
                {
                    "delta": {"content": text},
                    "logprobs": {"content": [{"token": text, "logprob": -1}]},
                }
            ]
        }
        for text in "hi"
    ]

    assert [token.text for token in stream(*chunks).tokens] == ["h", "i"]


def test_streamed_calls_without_numbers_and_ids() -> None:
    """Whole calls that come one by one, without index and id, are not melted into one."""
    calls = [
        delta(tool_calls=[{"id": "", "function": {"name": name, "arguments": "{}"}}])
        for name in "ab"
    ]

    assert [call.name for call in stream(*calls).tool_calls] == ["a", "b"]


def test_streamed_legacy_function_call() -> None:
    """The older `function_call` comes in pieces too."""
    answer = stream(
        delta(function_call={"name": "f", "arguments": ""}),
        delta(function_call={"arguments": '{"a":'}),
        delta(function_call={"arguments": "1}"}),
        delta(finish="function_call"),
    )

    assert answer.tool_calls == (ToolCall(name="f", arguments={"a": 1}),)


def test_custom_tool_has_free_text() -> None:
    """A custom tool's input is the text itself, whole or in pieces."""
    whole = {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    pieces = [
        delta(tool_calls=[{"index": 0, "id": "c", "custom": {"name": "sql", "input": "SELECT"}}]),
        delta(tool_calls=[{"index": 0, "custom": {"input": " 1"}}]),
    ]
    expected = (ToolCall(name="sql", arguments="SELECT 1"),)

    assert read(message(tool_calls=[whole])).tool_calls == expected
    assert stream(*pieces).tool_calls == expected
