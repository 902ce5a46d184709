"""Answers of Anthropic's Messages API, whole and in events."""

from __future__ import annotations

import json

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Headers, ToolCall
from shadowmon.traffic.codecs.anthropic import Anthropic
from tests.exchanges import events


STREAM: Headers = (("content-type", "text/event-stream"),)


def whole(*content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "content": list(content), "stop_reason": "end_turn", **more}


def read(answer: Any) -> Answer:
    return Anthropic({}).read_answer(status=200, headers=(), body=json.dumps(answer).encode())


def stream(*chunks: Any) -> Answer:
    body = events(*chunks, named=True)
    return Anthropic({}).read_answer(status=200, headers=STREAM, body=body)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def start(**message: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"type": "message", "content": [], **message}}


def block(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def piece(index: int, kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def ending(word: str, **usage: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": word}, "usage": usage}


STOP = {"type": "message_stop"}


# --- whole answers ---


def test_all_kinds_of_blocks() -> None:
    """Texts, thoughts and calls are put together in order; a server's own tools are left out."""
    answer = read(
        whole(
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "redacted_thinking", "data": "x"},
            text("hi"),
            {"type": "server_tool_use", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "content": [{"type": "web_search_result"}]},
            text(" there"),
            {"type": "tool_use", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "name": "g", "input": {}},
            model="m",
        )
    )

    assert answer == Answer(
        text="hi there",
        reasoning="hm",
        tool_calls=(ToolCall(name="f", arguments={"a": 1}), ToolCall(name="g", arguments={})),
        finish_reason="stop",
        model="m",
    )


def test_input_is_the_sum_of_its_parts() -> None:
    """What was read from the cache or written to it is input too."""
    usage = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 200,
        "cache_read_input_tokens": 3000,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 5},
    }

    answer = read(whole(text("hi"), usage=usage))

    assert (answer.input_tokens, answer.cached_tokens) == (3210, 3000)
    assert (answer.output_tokens, answer.reasoning_tokens) == (7, 5)


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool"),
        ("refusal", "filter"),
        ("pause_turn", None),
        ("some_new_word", None),
        (None, None),
    ],
)
def test_finish_reasons(word: str | None, normal: str | None) -> None:
    """The wire's words become the normal ones, and an unknown one is not guessed at."""
    assert read(whole(text("x"), stop_reason=word)).finish_reason == normal


def test_refusal() -> None:
    """A refusal says why, if the server does; else that it is one. The text stays a text."""
    plain = read(whole(text("Well,"), stop_reason="refusal"))
    told = read(whole(stop_reason="refusal", stop_details={"explanation": "Not this."}))

    assert (plain.text, plain.refusal) == ("Well,", "refusal")
    assert (told.text, told.refusal) == (None, "Not this.")


def test_error() -> None:
    """An error is named by its type; its message may quote the request and is left out."""
    error = {"type": "overloaded_error", "message": "secret"}

    assert read({"type": "error", "error": error}) == Answer(error="overloaded_error")


@pytest.mark.parametrize("answer", [{}, {"type": "completion"}, {"choices": []}])
def test_what_is_no_answer(answer: Any) -> None:
    """JSON that is neither a message nor an error is not this format."""
    with pytest.raises(CodecError, match="neither a message nor an error"):
        read(answer)


@pytest.mark.parametrize("content", [None, "x", ["x"]])
def test_content_must_be_blocks(content: Any) -> None:
    """Content that is no list of blocks is not this format."""
    with pytest.raises(CodecError, match="content"):
        read({"type": "message", "content": content})


# --- streams ---


def test_stream_and_whole_answer_read_alike() -> None:
    """The pieces of an answer, put together, read as the whole answer does."""
    usage = {"input_tokens": 3, "output_tokens": 9}
    content = (
        {"type": "thinking", "thinking": "hmm"},
        text("hi there"),
        {"type": "tool_use", "name": "f", "input": {"a": [1, 2]}},
    )

    assert stream(
        start(model="m", usage={"input_tokens": 3, "output_tokens": 1}),
        block(0, type="thinking", thinking=""),
        {"type": "ping"},
        piece(0, "thinking_delta", thinking="h"),
        piece(0, "thinking_delta", thinking="mm"),
        piece(0, "signature_delta", signature="x"),
        {"type": "content_block_stop", "index": 0},
        block(1, type="text", text=""),
        piece(1, "text_delta", text="hi "),
        piece(1, "citations_delta", citation={"cited_text": "x"}),
        piece(1, "text_delta", text="there"),
        block(2, type="tool_use", name="f", input={}),
        piece(2, "input_json_delta", partial_json=""),
        piece(2, "input_json_delta", partial_json='{"a": [1'),
        {"type": "some_new_event"},
        piece(2, "input_json_delta", partial_json=", 2]}"),
        ending("tool_use", output_tokens=9),
        STOP,
    ) == read(whole(*content, model="m", usage=usage, stop_reason="tool_use"))


def test_counts_are_cumulative() -> None:
    """A later count stands for the earlier one and is not added; null changes none."""
    answer = stream(
        start(usage={"input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 1}),
        block(0, type="text", text="x"),
        ending("end_turn", output_tokens=4),
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 6, "input_tokens": None}},
        STOP,
    )

    assert (answer.input_tokens, answer.cached_tokens, answer.output_tokens) == (8, 5, 6)
    assert answer.finish_reason == "stop"


def test_input_that_is_not_json() -> None:
    """A tool's input that was cut or is not JSON is None."""
    answer = stream(
        start(),
        block(0, type="tool_use", name="f", input={}),
        piece(0, "input_json_delta", partial_json='{"a": '),
        ending("max_tokens"),
        STOP,
    )

    assert answer.tool_calls == (ToolCall(name="f", arguments=None),)
    assert answer.finish_reason == "length"


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [start()],
        [start(), block(0, type="text", text="x")],
        [start(), block(0, type="text", text="x"), ending("end_turn")],
    ],
)
def test_stream_that_was_cut(chunks: list[Any]) -> None:
    """Without its last event a stream is incomplete, even after its stop reason."""
    assert stream(*chunks).incomplete


def test_error_in_the_middle() -> None:
    """An error that comes after some text is an error, and no incomplete stream."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}

    answer = stream(start(), block(0, type="text", text="x"), error)

    assert (answer.error, answer.incomplete) == ("overloaded_error", False)


@pytest.mark.parametrize(
    ("chunks", "problem"),
    [
        ([{"choices": []}, {"choices": []}], "neither a message nor an error"),
        ([{"type": "message_start"}], "a message is not a JSON object"),
        ([start(), piece(0, "text_delta", text="x")], "not begun"),
        ([start(), {"type": "content_block_start", "index": 0}], "a content block"),
        ([start(), {**block(0, type="text"), "index": True}], "no index"),
    ],
)
def test_streams_of_another_format(chunks: list[Any], problem: str) -> None:
    """Events that begin no message, or that do not fit together, are not this format."""
    body = events(*chunks)
    with pytest.raises(CodecError, match=problem):
        Anthropic({}).read_answer(status=200, headers=STREAM, body=body)
