"""LiteLLM's StandardLoggingPayload, by its documented fields."""

from __future__ import annotations

import json

import pytest

from shadowmon.traffic.litellm import Gateway, read_payloads
from shadowmon.traffic.settings import LiteLlmSettings, RouteSettings, StickySettings
from shadowmon.traffic.sighting import SightingError


ROUTES = {
    "chat": RouteSettings(
        path_prefix="/v1", baseline="base", sticky=StickySettings(header="X-User")
    ),
}
GATEWAY = Gateway(
    [LiteLlmSettings(route="chat", models={"primary-model": "base", "evaluation-model": "int8"})],
    ROUTES,
)
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}],
}


def a_payload(**more):
    """Return a payload of a good call of the primary model."""
    payload = {
        "id": "chatcmpl-1",
        "trace_id": "trace-1",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": 0.01,
        "status": "success",
        "custom_llm_provider": "openai",
        "startTime": 1000.0,
        "endTime": 1002.0,
        "completionStartTime": 1000.5,
        "model": "gpt-4o-2024",
        "model_group": "primary-model",
        "metadata": {
            "user_api_key_hash": None,
            "spend_logs_metadata": None,
            "requester_metadata": {"shadow_pair_id": "p-1"},
        },
        "cache_hit": None,
        "end_user": "u-1",
        "messages": [{"role": "user", "content": "Hello"}],
        "response": ANSWER,
        "error_str": None,
        "error_information": None,
        "model_parameters": {"temperature": 0.5, "extra_headers": {"authorization": "hunter2"}},
    }
    return payload | more


def test_a_call_is_a_request_and_an_answer():
    """One payload tells both, in the wire format of the call's type."""
    seen = GATEWAY.read(a_payload())

    assert (seen.route, seen.model, seen.id) == ("chat", "base", "p-1")
    assert seen.request is not None
    assert seen.answer is not None
    assert seen.request.target == b"/v1/chat/completions"
    assert json.loads(seen.request.body) == {
        "temperature": 0.5,
        "model": "primary-model",
        "messages": [{"role": "user", "content": "Hello"}],
    }
    assert seen.request.headers.split(b"\r\n") == [
        b"content-type: application/json",
        b"x-request-id: p-1",
        b"x-user: u-1",
    ]
    assert json.loads(seen.answer.body) == ANSWER
    assert (seen.answer.status, seen.answer.seconds, seen.answer.first_byte_seconds) == (
        200,
        2.0,
        0.5,
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {"requester_metadata": {"shadowmon_id": "p-1"}},
        {"spend_logs_metadata": {"shadow_pair_id": "p-1"}, "requester_metadata": None},
        {"shadowmon_id": "p-1"},
    ],
)
def test_the_callers_id_is_found_wherever_metadata_survive(metadata):
    """The proxy keeps a caller's metadata in one place, the library in another."""
    assert GATEWAY.read(a_payload(metadata=metadata)).id == "p-1"


def test_the_silent_call_is_told_by_its_model_group():
    """`is_silent_experiment` does not reach the payload; the group that was called does."""
    silent = GATEWAY.read(a_payload(model_group="evaluation-model", id="chatcmpl-2"))

    assert (silent.model, silent.id) == ("int8", "p-1")


def test_without_the_callers_id_the_trace_and_the_question_join():
    """A trace may be a whole session: two questions of it are two exchanges."""
    bare = {"metadata": None}
    first = GATEWAY.read(a_payload(**bare))
    silent = GATEWAY.read(
        a_payload(**bare, model_group="evaluation-model", model_parameters={"max_tokens": 5})
    )
    other = GATEWAY.read(a_payload(**bare, messages=[{"role": "user", "content": "Bye"}]))

    assert first.id == silent.id
    assert first.id != other.id
    assert first.request is not None
    assert b"x-request-id" not in first.request.headers


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("429", 429), (408, 408)),
        *((none, 500) for none in ("", None, "abc", "200", True, "9" * 5000, "\u0664\u0662\u0669")),
    ],
)
def test_a_failed_call_is_a_failed_answer(code, status):
    """Its status is the error's code; one that is none counts as the server's."""
    seen = GATEWAY.read(
        a_payload(
            status="failure",
            response=None,
            error_information={"error_code": code, "error_class": "RateLimitError"},
        )
    )

    assert seen.answer is not None
    assert (seen.answer.status, seen.answer.body) == (status, b"")


@pytest.mark.parametrize("told", [1e308, -1e308, -1, True, "now", None])
def test_a_moment_that_no_clock_shows_is_none(told):
    """How long the call took is then told by when its events came."""
    seen = GATEWAY.read(a_payload(startTime=told, endTime=1e308))

    assert seen.at is None
    assert seen.answer is not None
    assert (seen.answer.seconds, seen.answer.first_byte_seconds) == (None, None)


@pytest.mark.parametrize(
    ("call_type", "target", "key"),
    [
        ("completion", b"/v1/chat/completions", "messages"),
        ("atext_completion", b"/v1/completions", "prompt"),
        ("aembedding", b"/v1/embeddings", "input"),
        ("aresponses", b"/v1/responses", "input"),
        ("anthropic_messages", b"/v1/messages", "messages"),
    ],
)
def test_each_type_of_call_has_its_own_wire(call_type, target, key):
    """What LiteLLM calls messages is called otherwise on some wires."""
    seen = GATEWAY.read(a_payload(call_type=call_type, messages=["a"]))

    assert seen.request is not None
    assert seen.request.target == target
    assert json.loads(seen.request.body)[key] == ["a"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"model_group": "other", "model": "other"}, "traffic.events.litellm"),
        ({"call_type": "image_generation"}, "call_type"),
        ({"cache_hit": True}, "cache"),
        ({"messages": [{"role": "user", "content": "redacted-by-litellm"}]}, "redacted"),
        ({"response": {"text": "redacted-by-litellm"}}, "redacted"),
        ({"model_parameters": "{'temperature': 1}"}, "generic_api_use_v1"),
        ({"messages": None}, "no messages"),
        ({"response": "text"}, "response"),
        ({"metadata": {}, "trace_id": None, "id": None}, "no id"),
    ],
)
def test_what_says_nothing_of_the_models_is_refused(more, why):
    """Caches, redacted text, other calls and the payload of before are."""
    with pytest.raises(SightingError, match=why):
        GATEWAY.read(a_payload(**more))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([a_payload(), a_payload()]).encode(),
        b"\n".join([json.dumps(a_payload()).encode()] * 2),
        b"\n" + json.dumps(a_payload()).encode() + b"\n\n" + json.dumps(a_payload()).encode(),
    ],
)
def test_a_post_is_an_array_or_one_a_line(body):
    """LiteLLM's `log_format` is one of them."""
    found = [*read_payloads(body)]

    assert [isinstance(each, dict) for each in found] == [True, True]


def test_a_single_payload_is_a_post_too():
    """`log_format: single`."""
    assert len([*read_payloads(json.dumps(a_payload()).encode())]) == 1


def test_a_broken_line_costs_itself():
    """The others of its post are read."""
    found = [*read_payloads(b'{"a": 1}\n{broken\n7\n{"b": 2}')]

    assert [isinstance(each, SightingError) for each in found] == [False, True, True, False]


def test_no_json_at_all_is_refused():
    """A post of something else is refused whole."""
    with pytest.raises(SightingError, match="not JSON"):
        [*read_payloads(b"hello")]
