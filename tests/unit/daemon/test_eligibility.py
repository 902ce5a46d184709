"""Which requests may be asked a second time?"""

from __future__ import annotations

import gzip
import json

from typing import Any

import pytest

from shadowmon.daemon.eligibility import SKIPS, skip_reason, writes
from shadowmon.mirror.settings import SideEffectSettings
from shadowmon.records import Exchange
from shadowmon.telemetry.funnel import SKIPS as COUNTED
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange


HELLO = {"role": "user", "content": "hello"}
TOOL = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}
CALLED = {
    "role": "assistant",
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "refund"}}],
}

OPENAI_TURN = {"messages": [HELLO, CALLED, {"role": "tool", "content": "done"}], "tools": [TOOL]}
RESPONSES_TURN = {"input": [HELLO, {"type": "function_call_output", "output": "done"}]}
ANTHROPIC_TURN = {
    "max_tokens": 9,
    "messages": [
        HELLO,
        {"role": "user", "content": [{"type": "tool_result", "content": "done"}]},
    ],
}


def a_request(body: dict[str, Any], target: str = "/v1/chat/completions") -> Exchange:
    return an_exchange(json.dumps(body).encode(), target=target)


def reason(exchange: Exchange, codec: Any = None, **settings: str) -> str:
    """Say why it is skipped, read by a codec."""
    ask = (codec or OpenAI({})).read_request(exchange)
    return skip_reason(exchange, ask, SideEffectSettings.model_validate(settings))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "MKCOL", "post"])
def test_writes(method: str) -> None:
    """Any method but POST and GET could change something."""
    assert writes(an_exchange(method=method))


def test_plain_questions_are_mirrored() -> None:
    """A conversation without tools is, however long, and whatever words are in it."""
    talk = [HELLO, {"role": "assistant", "content": "a tool?"}, HELLO]

    assert not writes(a_request({"messages": talk}))
    assert reason(a_request({"messages": talk})) == ""


def test_offered_tools_are_compared_or_skipped() -> None:
    """What both models propose is compared, for nothing executes it; a setting skips it."""
    exchange = a_request({"messages": [HELLO], "tools": [TOOL]})

    assert reason(exchange) == ""
    assert reason(exchange, tools="skip") == "tools"


@pytest.mark.parametrize(
    ("body", "target", "codec"),
    [
        (OPENAI_TURN, "/v1/chat/completions", OpenAI({})),
        (RESPONSES_TURN, "/v1/responses", OpenAI({})),
        (ANTHROPIC_TURN, "/v1/messages", Anthropic({})),
    ],
)
def test_turns_of_agents(body: dict[str, Any], target: str, codec: Any) -> None:
    """A request that brings a tool's result back is skipped, unless a setting allows it."""
    exchange = a_request(body, target)
    if target == "/v1/responses":
        exchange = a_request({**body, "store": False}, target)

    assert reason(exchange, codec) == "agent_turn"
    assert reason(exchange, codec, agent_turns="compare") == ""


def test_a_compressed_turn_of_an_agent() -> None:
    """A content coding hides nothing."""
    exchange = an_exchange(
        gzip.compress(json.dumps(OPENAI_TURN).encode()), headers=(("content-encoding", "gzip"),)
    )

    assert reason(exchange) == "agent_turn"


@pytest.mark.parametrize("body", [b"tool", b'["tool"]', b'{"messages": "tool", "input": 3}'])
def test_bodies_of_another_shape(body: bytes) -> None:
    """What is no conversation brings nothing back."""
    assert skip_reason(an_exchange(body), Ask(), SideEffectSettings()) == ""


def test_codecs_words() -> None:
    """A codec's reason is told as it is if it is known, and as `other` if it is a stranger's."""
    settings = SideEffectSettings()
    stranger = Ask(skip="user said so")

    assert skip_reason(an_exchange(), Ask(skip="server_side_tools"), settings) == (
        "server_side_tools"
    )
    assert skip_reason(an_exchange(), stranger, settings) == "other"


def test_every_reason_is_counted() -> None:
    """The metric knows the same reasons."""
    assert SKIPS == COUNTED
