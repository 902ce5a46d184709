"""What requests to OpenAI's Responses API ask, and which of them are never asked again."""

from __future__ import annotations

import json

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Question, Tool
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange


SCHEMA = {"type": "object"}


def ask(**body: Any) -> Ask:
    exchange = an_exchange(json.dumps(body).encode(), target="/v1/responses")
    return OpenAI({}).read_request(exchange)


def test_text() -> None:
    """Input may be a text alone."""
    assert ask(input="Hi", instructions="Be brief.").question == Question(
        instructions="Be brief.", text="Hi", source="Hi", turns=1
    )


def test_items() -> None:
    """Messages, tools' outputs and the model's own items are told apart."""
    items = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go."}]},
        {"type": "reasoning", "encrypted_content": "x", "summary": []},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"},
        {"type": "function_call_output", "call_id": "1", "output": "gone"},
        {"type": "custom_tool_call_output", "output": [{"type": "input_text", "text": "far"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Went."}]},
    ]

    assert ask(input=items, instructions="Be brief.").question == Question(
        instructions="Be brief.\nBe kind.", text="Go.", source="Go.\ngone\nfar", turns=5
    )


def test_tools_and_schema() -> None:
    """Tools stand flat in the list, and the schema in the text's format."""
    found = ask(
        input="x",
        tools=[
            {"type": "function", "name": "f", "parameters": SCHEMA},
            {"type": "custom", "name": "c"},
        ],
        text={"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}},
    )

    assert found.question.tools == (Tool(name="f", parameters=SCHEMA), Tool(name="c"))
    assert found.question.schema == SCHEMA


@pytest.mark.parametrize(
    ("form", "schema"), [({"type": "json_object"}, SCHEMA), ({"type": "text"}, None)]
)
def test_other_formats(form: Any, schema: Any) -> None:
    """Any JSON object is a schema of its own; plain text has none."""
    assert ask(input="x", text={"format": form}).question.schema == schema


@pytest.mark.parametrize(
    "kind",
    [
        "web_search",
        "web_search_preview",
        "code_interpreter",
        "file_search",
        "computer_use_preview",
        "mcp",
        "image_generation",
        "local_shell",
        "something_new",
    ],
)
def test_tools_of_the_server(kind: str) -> None:
    """What the server would do by itself is never done twice, nor is what we do not know."""
    assert ask(input="x", tools=[{"type": kind}]).skip == "server_side_tools"


@pytest.mark.parametrize(
    "extra",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}},
        {"background": True},
        {"prompt": {"id": "pmpt_1"}},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]},
    ],
)
def test_stored_conversations(extra: Any) -> None:
    """What leans on a server's memory is not asked again: another one has no such memory."""
    assert ask(**{"input": "x", **extra}).skip == "stored_conversation"


def test_stored_prompt_alone() -> None:
    """A stored prompt may be all that a request has."""
    assert ask(prompt={"id": "pmpt_1"}).skip == "stored_conversation"


@pytest.mark.parametrize(
    "extra",
    [
        {"previous_response_id": None, "conversation": None, "background": False},
        {"input": [{"type": "reasoning", "encrypted_content": "x"}]},
        {"input": [{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "x"}]}]},
        {"store": True},
    ],
)
def test_whole_conversations(extra: Any) -> None:
    """What brings all that it needs is asked again, whether or not the server keeps it."""
    assert ask(**{"input": "x", **extra}).skip == ""


@pytest.mark.parametrize("given", [None, 1, {}, ["x"]])
def test_odd_input(given: Any) -> None:
    """Input that is neither a text nor a list of objects is not this format."""
    with pytest.raises(CodecError, match="input"):
        ask(input=given)
