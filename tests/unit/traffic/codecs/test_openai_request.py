"""What chat, completions and embeddings requests ask."""

from __future__ import annotations

import json

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Question, Tool
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def question(body: Any, target: str = "/v1/chat/completions") -> Question:
    found = OpenAI({}).read_request(an_exchange(json.dumps(body).encode(), target=target))
    assert found.skip == ""
    return found.question


def test_conversation() -> None:
    """Instructions, what was said last, and all that an answer can draw on, are told apart."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "What is it?"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "look"}}]},
        {"role": "tool", "content": "a cat", "tool_call_id": "1"},
        {"role": "assistant", "content": "A cat."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And this?"},
                {"type": "image_url", "image_url": {"url": "data:,"}},
                {"type": "text", "text": "Look closely."},
            ],
        },
    ]

    assert question({"messages": messages}) == Question(
        instructions="Be brief.\nBe kind.",
        text="And this?\nLook closely.",
        source="What is it?\na cat\nAnd this?\nLook closely.",
        turns=5,
    )


def test_tool_result_at_the_end() -> None:
    """After a tool's result the question is still what the user said last."""
    messages = [{"role": "user", "content": "Go."}, {"role": "function", "content": "done"}]

    found = question({"messages": messages})

    assert (found.text, found.source) == ("Go.", "Go.\ndone")


def test_tools() -> None:
    """Tools have their names and their parameters' schema, in today's form and the older one."""
    body = {
        "messages": [],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
            {"type": "function", "function": {"name": "g", "parameters": "x"}},
            {"type": "custom", "custom": {"name": "sql"}},
        ],
        "functions": [{"name": "old", "parameters": SCHEMA}],
    }

    assert question(body).tools == (
        Tool(name="f", parameters=SCHEMA),
        Tool(name="g"),
        Tool(name="sql"),
        Tool(name="old", parameters=SCHEMA),
    )


@pytest.mark.parametrize(
    ("asked", "schema"),
    [
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}, SCHEMA),
        ({"response_format": {"type": "json_object", "schema": SCHEMA}}, SCHEMA),
        ({"response_format": {"type": "json_object"}}, {"type": "object"}),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": "json"}, None),
        ({"structured_outputs": {"json": SCHEMA}}, SCHEMA),
        ({"guided_json": SCHEMA}, SCHEMA),
        ({}, None),
    ],
)
def test_schema(asked: Any, schema: Any) -> None:
    """The schema that the answer is to follow is read in each server's own form."""
    assert question({"messages": [], **asked}).schema == schema


@pytest.mark.parametrize("messages", [None, "x", {"role": "user"}, ["x"], [None]])
def test_messages_must_be_objects(messages: Any) -> None:
    """Messages that are none are not this format."""
    with pytest.raises(CodecError, match="message"):
        question({"messages": messages})


@pytest.mark.parametrize("content", [None, 1, {"text": "x"}, ["x", {"text": 1}, {}]])
def test_odd_content_is_no_text(content: Any) -> None:
    """Content that is neither text nor parts is no reason to lose the request."""
    assert question({"messages": [{"role": "user", "content": content}]}) == Question(turns=1)


@pytest.mark.parametrize(
    ("prompt", "text"), [("x", "x"), (["x", "y"], "x"), ([1, 2], ""), ([], ""), (None, "")]
)
def test_prompt(prompt: Any, text: str) -> None:
    """Of several prompts the first is asked, as the first choice is read; numbers are no text."""
    found = question({"prompt": prompt}, target="/v1/completions")

    assert found == Question(text=text, source=text, turns=1)


@pytest.mark.parametrize(
    ("given", "documents"),
    [("x", ("x",)), (["x", "y"], ("x", "y")), ([1, 2], ()), ([[1], [2]], ()), (None, ())],
)
def test_embeddings(given: Any, documents: tuple[str, ...]) -> None:
    """What is to be embedded are documents, unless it came as token numbers."""
    assert question({"input": given}, target="/v1/embeddings") == Question(documents=documents)
