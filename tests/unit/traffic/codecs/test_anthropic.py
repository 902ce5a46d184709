"""Anthropic's codec: its contract, which requests it reads, and what they ask."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Exchange, Headers, Question, Tool
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Ask
from tests.exchanges import Recorded, recorded
from tests.factories import an_exchange


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


class TestContract(CodecContract):
    """Anthropic's codec keeps the contract, on a real exchange."""

    name = "anthropic_anthropic_tool_output_1"

    def make(self, settings: Mapping[str, Any]) -> Anthropic:
        return Anthropic(settings)

    def a_request(self) -> Exchange:
        one = recorded("anthropic")[self.name]
        return an_exchange(json.dumps(one.request).encode(), target=one.target)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return _answer(recorded("anthropic")[self.name])

    def an_error(self) -> tuple[int, Headers, bytes] | None:
        return _answer(recorded("anthropic")["anthropic_unsupported_effort_0"])


class TestStreamContract(TestContract):
    """It keeps the contract on a real stream."""

    name = "anthropic_anthropic_model_thinking_part_redacted_stream_0"


def _answer(one: Recorded) -> tuple[int, Headers, bytes]:
    return one.status, one.headers, one.body


def ask(target: str = "/v1/messages", **body: Any) -> Ask:
    return Anthropic({}).read_request(an_exchange(json.dumps(body).encode(), target=target))


def question(**body: Any) -> Question:
    return ask(**{"messages": [], **body}).question


def test_tests_are_found_by_the_setting() -> None:
    """The setting says where a request carries the program that checks the code in an answer."""
    exchange = an_exchange(b'{"messages": [], "metadata": {"t": "x"}}', target="/v1/messages")

    assert Anthropic({"tests": "metadata.t"}).read_request(exchange).question.tests == "x"


def test_recorded_requests_are_read() -> None:
    """Real requests name their model and say whether they want a stream."""
    for name, one in recorded("anthropic").items():
        found = ask(target=one.target, **one.request)

        assert found.model == one.request["model"], name
        assert found.streams is one.request["stream"], name
        assert found.skip == ("server_side_tools" if "tool_search" in name else ""), name


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/messages/count_tokens", {"messages": []}),
        ("/v1/messages/batches", {"requests": []}),
        ("/v1/models", {"messages": []}),
        ("/v1/messages", {"prompt": "x"}),
    ],
)
def test_other_requests_are_skipped(target: str, body: Any) -> None:
    """Counting tokens is no inference; the path and the body both count."""
    assert ask(target, **body).skip == "not_inference"


@pytest.mark.parametrize(
    ("extra", "skip"),
    [
        ({"tools": [{"name": "f", "input_schema": SCHEMA}]}, ""),
        ({"tools": [{"name": "f", "type": "custom"}, {"name": "g", "type": None}]}, ""),
        ({"tools": [{"name": "bash", "type": "bash_20250124"}]}, ""),
        ({"tools": [{"type": "text_editor_20250728"}, {"type": "memory_20250818"}]}, ""),
        ({"tools": [{"type": "web_search_20250305"}]}, "server_side_tools"),
        ({"tools": [{"type": "web_fetch_20250910"}]}, "server_side_tools"),
        ({"tools": [{"type": "code_execution_20250825"}]}, "server_side_tools"),
        ({"tools": [{"type": "mcp_toolset"}]}, "server_side_tools"),
        ({"tools": [{"type": "something_new"}]}, "server_side_tools"),
        ({"tools": [{"type": []}]}, ""),
        ({"tools": ["x"]}, "server_side_tools"),
        ({"tools": {}}, ""),
        ({"tools": {"x": 1}}, "server_side_tools"),
        ({"mcp_servers": [{"type": "url", "url": "x"}]}, "server_side_tools"),
        ({"mcp_servers": []}, ""),
        ({"container": "container_1"}, "server_side_tools"),
    ],
)
def test_tools_of_the_server_are_never_called_twice(extra: Any, skip: str) -> None:
    """What the server would do by itself is not mirrored; what the client runs is only proposed."""
    assert ask(messages=[], **extra).skip == skip


def test_conversation() -> None:
    """What was said, what tools found and what documents say are told apart."""
    messages = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "f", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "content": "a cat", "tool_use_id": "1"},
                {"type": "tool_result", "content": [{"type": "text", "text": "a dog"}]},
                {"type": "document", "source": {"type": "text", "data": "On cats."}},
                {
                    "type": "document",
                    "source": {
                        "type": "content",
                        "content": [{"type": "text", "text": "On dogs."}],
                    },
                },
                {"type": "search_result", "content": [{"type": "text", "text": "On pets."}]},
                {"type": "image", "source": {"type": "base64", "data": "AAAA"}},
                {"type": "text", "text": "Which is it?"},
            ],
        },
        {"role": "system", "content": "Hurry."},
    ]
    system = [{"type": "text", "text": "Be brief."}]

    assert question(system=system, messages=messages) == Question(
        instructions="Be brief.\nHurry.",
        text="Which is it?",
        source="Look.\na cat\na dog\nOn cats.\nOn dogs.\nOn pets.\nWhich is it?",
        turns=3,
    )


def test_tool_result_alone() -> None:
    """A turn of nothing but a tool's result leaves the question as it was."""
    messages = [
        {"role": "user", "content": "Go."},
        {"role": "user", "content": [{"type": "tool_result", "content": "gone"}]},
    ]

    found = question(messages=messages)

    assert (found.text, found.source) == ("Go.", "Go.\ngone")


def test_tools() -> None:
    """Tools have their names and their input's schema."""
    tools = [{"name": "f", "input_schema": SCHEMA}, {"name": "bash", "type": "bash_20250124"}]

    assert question(tools=tools).tools == (Tool(name="f", parameters=SCHEMA), Tool(name="bash"))


@pytest.mark.parametrize(
    ("asked", "schema"),
    [
        ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, SCHEMA),
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, SCHEMA),
        ({"output_config": {"effort": "low"}}, None),
        ({}, None),
    ],
)
def test_schema(asked: Any, schema: Any) -> None:
    """The schema that the answer is to follow is read, in today's form and the older one."""
    assert question(**asked).schema == schema


@pytest.mark.parametrize("messages", [None, "x", ["x"]])
def test_messages_must_be_objects(messages: Any) -> None:
    """Messages that are none are not this format."""
    with pytest.raises(CodecError, match="message"):
        ask(messages=messages)


def test_rewrite_names_the_model() -> None:
    """The model's name is replaced, and keys keep their order."""
    changed = Anthropic({}).rewrite(
        b'{"model":"a","messages":[]}', model="b", parameters={"temperature": 0}
    )

    assert changed == b'{"model":"b","messages":[],"temperature":0}'
