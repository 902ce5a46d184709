"""OpenAI's codec: its contract, which requests it reads, and how it rewrites them."""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Exchange, Headers
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import Recorded, recorded
from tests.factories import an_exchange


class TestContract(CodecContract):
    """OpenAI's codec keeps the contract, on a real chat exchange."""

    wire = "openai"
    name = "openai_openai_tool_output_1"
    error_name: str | None = "groq_tool_use_failed_error_with_text_0"

    def make(self, settings: Mapping[str, Any]) -> OpenAI:
        return OpenAI(settings)

    def a_request(self) -> Exchange:
        one = recorded(self.wire)[self.name]
        body = {**one.request, "store": False} if self.wire == "responses" else one.request
        return an_exchange(json.dumps(body).encode(), target=one.target)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        return _answer(recorded(self.wire)[self.name])

    def an_error(self) -> tuple[int, Headers, bytes] | None:
        return _answer(recorded(self.wire)[self.error_name]) if self.error_name else None


class TestStreamContract(TestContract):
    """It keeps the contract on a real stream."""

    name = "openai_openai_moderation_stream_0"
    error_name = "openrouter_stream_error_0"


class TestResponsesContract(TestContract):
    """It keeps the contract on a real exchange of the Responses API."""

    wire = "responses"
    name = "openai_tool_call_1"
    error_name = "openai_http_error_0"


class TestResponsesStreamContract(TestResponsesContract):
    """It keeps the contract on a real stream of the Responses API."""

    name = "openrouter_raw_thoughts_stream_0"


class TestEmbeddingsContract(TestContract):
    """It keeps the contract on a real answer with embeddings."""

    wire = "embeddings"
    name = "openai_two_documents_0"
    error_name = "openai_error_0"


def _answer(one: Recorded) -> tuple[int, Headers, bytes]:
    return one.status, one.headers, one.body


def ask(body: Any, **changes: Any) -> Ask:
    return OpenAI({}).read_request(an_exchange(json.dumps(body).encode(), **changes))


def rewritten(body: Mapping[str, Any], model: str | None = None, **parameters: Any) -> Any:
    written = json.dumps(body).encode()
    return json.loads(OpenAI({}).rewrite(written, model=model, parameters=parameters))


# --- settings ---


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"stream_end": "sometimes"}, 'stream_end: "sometimes" is not one of: done, finish_reason'),
        ({"stream_end": []}, "stream_end"),
        ({"tests": "a["}, 'tests: "a\\[" is not a JMESPath'),
        ({"tests": 1}, "tests must be a JMESPath"),
    ],
)
def test_bad_settings(settings: Any, problem: str) -> None:
    """A setting that cannot be used is refused with its key and what is allowed."""
    with pytest.raises(ValueError, match=problem):
        OpenAI(settings)


def test_tests_are_found_by_the_setting() -> None:
    """The setting says where a request carries the program that checks the code in an answer."""
    body = {"messages": [], "metadata": {"tests": "assert f(1) == 2"}}
    exchange = an_exchange(json.dumps(body).encode())

    assert OpenAI({"tests": "metadata.tests"}).read_request(exchange).question.tests == (
        "assert f(1) == 2"
    )
    assert OpenAI({}).read_request(exchange).question.tests == ""


# --- which requests are read ---


@pytest.mark.parametrize("wire", ["openai", "responses", "embeddings"])
def test_recorded_requests_are_read(wire: str) -> None:
    """Real requests name their model and say whether they want a stream."""
    for name, one in recorded(wire).items():
        found = ask(one.request, target=one.target)

        assert found.skip == "", name
        assert found.model == one.request["model"], name
        assert found.streams is one.request.get("stream", False), name


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/models", {}),
        ("/v1/chat/completions", {"input": "x"}),
        ("/v1/completions", {"messages": []}),
        ("/v1/embeddings", {"messages": []}),
        ("/v1/responses", {"messages": []}),
        ("/v1/responses/resp_1/cancel", {"input": "x"}),
    ],
)
def test_other_requests_are_skipped(target: str, body: Any) -> None:
    """A list of models is not mirrored; the path and the body both count."""
    assert ask(body, target=target).skip == "not_inference"


def test_paths_may_have_a_prefix_and_a_query() -> None:
    """A gateway's prefix and query do not hide the path."""
    target = "/openai/deployments/x/chat/completions?api-version=1"

    assert ask({"messages": []}, target=target).skip == ""


@pytest.mark.parametrize("body", [[], "x", None])
def test_request_must_be_an_object(body: Any) -> None:
    """A request that is no JSON object is not this format."""
    with pytest.raises(CodecError, match="not a JSON object"):
        ask(body)


@pytest.mark.parametrize(
    ("extra", "skip"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, ""),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, ""),
        ({"tools": None}, ""),
        ({"tools": [{"type": "function"}, {"type": "web_search_preview"}]}, "server_side_tools"),
        ({"tools": [{"type": "mcp"}]}, "server_side_tools"),
        ({"tools": [{"type": []}]}, "server_side_tools"),
        ({"tools": ["x"]}, "server_side_tools"),
        ({"tools": {"type": "function"}}, "server_side_tools"),
        ({"web_search_options": {}}, "server_side_tools"),
        ({"plugins": [{"id": "web"}]}, "server_side_tools"),
        ({"plugins": [], "search_parameters": None}, ""),
    ],
)
def test_tools_of_the_server_are_never_called_twice(extra: Any, skip: str) -> None:
    """Whatever the server itself would do is not mirrored; functions are only proposed."""
    assert ask({"messages": [], **extra}).skip == skip


# --- rewriting ---


def test_rewrite_names_the_model() -> None:
    """The model's name is replaced, and keys keep their order."""
    body = b'{"model":"a","messages":[],"temperature":1}'

    changed = OpenAI({}).rewrite(body, model="b", parameters={"temperature": 0, "seed": 7})

    assert changed == b'{"model":"b","messages":[],"temperature":0,"seed":7}'


@pytest.mark.parametrize(
    "body",
    [
        {"model": "a", "input": [{"role": "user", "content": "x"}]},
        {"model": "a", "input": "x", "instructions": "y"},
        {"model": "a", "input": "x", "store": True},
        {"model": "a", "messages": [], "store": True},
    ],
)
def test_shadow_call_is_not_stored(body: Any) -> None:
    """What a server would keep of a request, it keeps once: of production's own call."""
    assert rewritten(body) == {**body, "store": False}
    assert rewritten(body, model="b") == {**body, "store": False, "model": "b"}


@pytest.mark.parametrize(
    "body",
    [
        {"model": "a", "input": "x"},
        {"model": "a", "input": ["x", "y"], "dimensions": 256},
        {"model": "a", "input": [[1, 2]]},
        {"model": "a", "messages": []},
        {"model": "a", "messages": [], "store": None},
        {"model": "a", "input": "x", "stream": True, "store": False},
    ],
)
def test_other_requests_get_no_word_on_storing(body: Any) -> None:
    """Embeddings and chat are stored by no default, and know no such word everywhere."""
    written = json.dumps(body).encode()

    assert OpenAI({}).rewrite(written, model=None, parameters={}) == written


def test_parameters_may_have_it_stored() -> None:
    """Who sets `store` himself gets what he set."""
    body = {"model": "a", "input": "x", "stream": True}

    assert rewritten(body, store=True) == {**body, "store": True}
