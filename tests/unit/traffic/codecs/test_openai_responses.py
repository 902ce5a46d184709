"""Answers of OpenAI's Responses API, whole and in events."""

from __future__ import annotations

import json

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Headers, Token, ToolCall
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import events, recorded


STREAM: Headers = (("content-type", "text/event-stream"),)


def whole(*output: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"object": "response", "status": status, "output": list(output), "error": None, **more}


def said(*content: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(content)}


def read(answer: Any) -> Answer:
    return OpenAI({}).read_answer(status=200, headers=(), body=json.dumps(answer).encode())


def stream(*chunks: Any) -> Answer:
    body = events(*chunks, named=True)
    return OpenAI({}).read_answer(status=200, headers=STREAM, body=body)


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **data}


HI = {"type": "output_text", "text": "hi", "annotations": []}


# --- whole answers ---


def test_all_kinds_of_output() -> None:
    """Text, reasoning, refusals and calls of all items are put together in order."""
    answer = read(
        whole(
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "web_search_call", "status": "completed"},
            said(HI, {"type": "output_text", "text": " there"}),
            said({"type": "refusal", "refusal": "No."}),
            {"type": "function_call", "name": "f", "arguments": '{"a":1}'},
            {"type": "function_call", "name": "bad", "arguments": '{"a":'},
            {"type": "custom_tool_call", "name": "c", "input": "SELECT 1"},
            model="m",
            usage={
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 4},
                "output_tokens": 20,
                "output_tokens_details": {"reasoning_tokens": 15},
            },
        )
    )

    assert answer == Answer(
        text="hi there",
        reasoning="hm",
        refusal="No.",
        tool_calls=(
            ToolCall(name="f", arguments={"a": 1}),
            ToolCall(name="bad", arguments=None),
            ToolCall(name="c", arguments="SELECT 1"),
        ),
        finish_reason="tool",
        input_tokens=10,
        output_tokens=20,
        cached_tokens=4,
        reasoning_tokens=15,
        model="m",
    )


def test_thoughts_in_the_clear_outrank_their_summary() -> None:
    """Where the reasoning itself is told, its summary is not told as well."""
    item = {
        "type": "reasoning",
        "summary": [{"text": "short"}],
        "content": [{"type": "reasoning_text", "text": "long"}],
    }

    assert read(whole(item)).reasoning == "long"


def test_log_probabilities() -> None:
    """A text's tokens have their log probabilities."""
    token = {"token": "hi", "logprob": -0.5, "top_logprobs": [{"token": "yo", "logprob": -1.5}]}

    assert read(whole(said({**HI, "logprobs": [token]}))).tokens == (
        Token(text="hi", log_probability=-0.5, alternatives={"yo": -1.5}),
    )


@pytest.mark.parametrize(
    ("ending", "finish", "error", "incomplete"),
    [
        ({"status": "completed"}, "stop", None, False),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            None,
            False,
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "filter",
            None,
            False,
        ),
        ({"status": "incomplete", "incomplete_details": None}, None, None, False),
        (
            {"status": "failed", "error": {"code": "server_error", "message": "secret"}},
            "error",
            "server_error",
            False,
        ),
        ({"status": "cancelled"}, "error", "cancelled", False),
        ({"status": "in_progress"}, None, None, True),
        ({"status": "queued"}, None, None, True),
    ],
)
def test_endings(ending: Any, finish: str | None, error: str | None, incomplete: bool) -> None:
    """A limit that was met is a finish reason; what is not finished is incomplete."""
    answer = read({**whole(said(HI)), **ending})

    assert (answer.finish_reason, answer.error, answer.incomplete) == (finish, error, incomplete)


@pytest.mark.parametrize(
    "answer",
    [
        {"object": "response"},
        {"output": None},
        {"output": 1},
        {"output": ["x"]},
        {"object": "response", "error": None},
    ],
)
def test_what_is_no_answer(answer: Any) -> None:
    """Output that is none is not this format."""
    with pytest.raises(CodecError, match="output"):
        read(answer)


# --- streams ---


def test_last_event_says_it_all() -> None:
    """A stream reads as the whole answer that its last event carries."""
    found = whole(said(HI), model="m", usage={"input_tokens": 1, "output_tokens": 2})

    assert stream(
        event("created", response={"status": "in_progress", "output": []}),
        event("output_text.delta", output_index=0, delta="h"),
        event("completed", response=found),
    ) == read(found)


def test_output_left_out_of_the_last_event() -> None:
    """Where the last event has no output, it is what the events before it said."""
    reasoning = {"type": "reasoning", "summary": []}
    call = {"type": "function_call", "name": "f", "arguments": ""}

    answer = stream(
        event("output_item.added", output_index=2, item=call),
        event("output_item.added", output_index=0, item=reasoning),
        event("reasoning_summary_text.delta", output_index=0, delta="h"),
        event("reasoning_summary_text.delta", output_index=0, delta="m"),
        event("output_text.delta", output_index=1, delta="h"),
        event("output_text.delta", output_index=1, delta="i"),
        event("function_call_arguments.delta", output_index=2, delta='{"a":'),
        event("function_call_arguments.delta", output_index=2, delta="1}"),
        event("completed", response={"status": "completed", "output": [], "model": "m"}),
    )

    assert answer == Answer(
        text="hi",
        reasoning="hm",
        tool_calls=(ToolCall(name="f", arguments={"a": 1}),),
        finish_reason="tool",
        model="m",
    )


def test_item_that_is_done_outranks_its_pieces() -> None:
    """A finished item is read as it stands."""
    answer = stream(
        event("output_text.delta", output_index=0, delta="h"),
        event("output_item.done", output_index=0, item=said(HI)),
        event("completed", response={"output": []}),
    )

    assert (answer.text, answer.finish_reason) == ("hi", "stop")


def test_free_text_in_pieces() -> None:
    """A custom tool's input, and a refusal, come in pieces too."""
    item = {"type": "custom_tool_call", "name": "c", "input": ""}

    answer = stream(
        event("output_item.added", output_index=0, item=item),
        event("custom_tool_call_input.delta", output_index=0, delta="SELECT"),
        event("custom_tool_call_input.delta", output_index=0, delta=" 1"),
        event("refusal.delta", output_index=1, delta="No."),
        event("completed", response={}),
    )

    assert answer.tool_calls == (ToolCall(name="c", arguments="SELECT 1"),)
    assert (answer.text, answer.refusal) == (None, "No.")


@pytest.mark.parametrize(
    ("last", "finish", "error"),
    [
        (
            event("incomplete", response=whole(said(HI), status="incomplete")),
            None,
            None,
        ),
        (
            event("failed", response=whole(status="failed", error={"code": "server_error"})),
            "error",
            "server_error",
        ),
        ({"type": "error", "code": "rate_limit", "message": "x"}, None, "rate_limit"),
        ({"type": "error", "error": {"type": "overloaded"}}, None, "overloaded"),
    ],
)
def test_last_events(last: Any, finish: str | None, error: str | None) -> None:
    """A stream may end by a limit, by a failure, or by an error; none of them is a cut."""
    answer = stream(event("output_text.delta", output_index=0, delta="h"), last)

    assert (answer.finish_reason, answer.error, answer.incomplete) == (finish, error, False)


def test_stream_that_was_cut() -> None:
    """Without its last event a stream is incomplete, even if all its items are done."""
    answer = stream(
        event("created", response={"model": "m"}),
        event("output_item.done", output_index=0, item=said(HI)),
    )

    assert answer == Answer(text="hi", incomplete=True, model="m")


def test_streams_without_event_names() -> None:
    """Gateways leave the events' names out; their types say the same."""
    one = recorded("responses")["openrouter_raw_thoughts_stream_0"]

    assert b"event:" not in one.body
    assert OpenAI({}).read_answer(status=200, headers=(), body=one.body).text == "4"
