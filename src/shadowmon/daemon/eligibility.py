"""
Which requests may be asked a second time? Those whose only effect is their answer.

| request | what is done |
|---|---|
| any method but POST and GET | never mirrored: `write` |
| tools that the server runs itself | never mirrored: `server_side_tools` (codecs find them) |
| a conversation that the server stores | never mirrored: `stored_conversation` (codecs find it) |
| no inference at all (lists of models, files) | never mirrored: `not_inference` (codecs find it) |
| a tool's result comes back: an agent's turn | by `mirror.side_effects.agent_turns`: `agent_turn` |
| tools are offered | by `mirror.side_effects.tools`; the proposed calls are compared: `tools` |

Nothing here, and nothing behind it, ever executes a call that a model proposes.
"""

from __future__ import annotations

from typing import Any

from shadowmon.errors import CodecError
from shadowmon.mirror.settings import Mirrored, SideEffectSettings
from shadowmon.records import Exchange
from shadowmon.traffic.codecs import content_coding, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.shapes import objects


WRITE = "write"
AGENT_TURN = "agent_turn"
TOOLS = "tools"
OTHER = "other"
SKIPS = (
    "not_inference",
    "server_side_tools",
    "stored_conversation",
    WRITE,
    AGENT_TURN,
    TOOLS,
    OTHER,
)
"""Every reason, for whoever counts them from the start; a plugin's own word counts as `other`."""

_READS = frozenset({"POST", "GET"})
_RESULTS = frozenset({"tool_result", "function_call_output", "custom_tool_call_output"})
"""Types of what brings a result back: Anthropic's content block, items of OpenAI's Responses."""
_RESULT_ROLES = frozenset({"tool", "function"})
"""Roles of such messages in OpenAI's chat API, Ollama's and those that follow them."""
_HINTS = (b"tool", b"function")


def writes(exchange: Exchange) -> bool:
    """Could its method change something? Asked before anything is read."""
    return exchange.method not in _READS


def skip_reason(exchange: Exchange, ask: Ask, settings: SideEffectSettings) -> str:
    """Return why a request must not be mirrored, one of `SKIPS`; empty if it may be."""
    if ask.skip:
        return ask.skip if ask.skip in SKIPS else OTHER
    if settings.agent_turns is Mirrored.SKIP and brings_results(exchange):
        return AGENT_TURN
    if settings.tools is Mirrored.SKIP and ask.question.tools:
        return TOOLS
    return ""


def brings_results(exchange: Exchange) -> bool:
    """Does the conversation hold the result of a tool that somebody ran?"""
    try:
        body = content_coding.plain(exchange.headers, exchange.body)
        if not any(hint in body for hint in _HINTS):
            return False
        found = strict_json.loads(body)
    except CodecError:
        return False
    if not isinstance(found, dict):
        return False
    said = [*objects(found.get("messages")), *objects(found.get("input"))]
    return any(map(_is_result, said))


def _is_result(message: dict[str, Any]) -> bool:
    parts = [message, *objects(message.get("content"))]
    return message.get("role") in _RESULT_ROLES or any(
        part.get("type") in _RESULTS for part in parts
    )
