"""What a request to OpenAI's chat, completions or embeddings API asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.records import Question, Tool
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.conversation import ANY_OBJECT, Conversation, text_in, tool
from shadowmon.traffic.codecs.shapes import inner, objects, string


_ACTING_KEYS = ("web_search_options", "search_parameters", "plugins", "data_sources")
"""Beside `tools`: what has OpenAI, xAI, OpenRouter and Azure look things up by themselves."""


def chat(body: Mapping[str, Any]) -> Question:
    """
    Read a chat request.

    Raises:
        CodecError: If its messages are not a list of objects.

    """
    conversation = Conversation()
    for value in parts.json_list(body.get("messages"), "messages"):
        message = parts.json_object(value, "a message")
        conversation.say(string(message, "role"), text_in(message.get("content")))
    return conversation.question(tools=_tools(body), schema=_schema(body))


def completions(body: Mapping[str, Any]) -> Question:
    """Read a completions request. Of several prompts the first: its answer is what is read."""
    prompt = body.get("prompt")
    conversation = Conversation()
    conversation.say("user", next(iter(texts(prompt)), ""))
    return conversation.question(schema=_schema(body))


def embeddings(body: Mapping[str, Any]) -> Question:
    """Read an embeddings request. Input that comes as token numbers has no documents to show."""
    return Question(documents=texts(body.get("input")))


def texts(value: object) -> tuple[str, ...]:
    """Return a text, or a list of texts, as texts; none if there is anything else among them."""
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not all(isinstance(text, str) for text in several):
        return ()
    return tuple(several)


def runs_tools(body: Mapping[str, Any]) -> bool:
    """
    Would the server itself act: search the web, run code, call an MCP server?

    A function, or a custom tool, is only proposed, and nothing here executes it. Everything else
    may have effects, and a second call would have them twice.
    """
    if any(body.get(key) not in (None, []) for key in _ACTING_KEYS):
        return True
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        return True
    return any(
        not isinstance(offered, dict)
        or offered.get("type", "function") not in ("function", "custom")
        for offered in tools
    )


def _tools(body: Mapping[str, Any]) -> list[Tool]:
    """Read the tools, in today's form and in the older one (`functions`)."""
    inners = [
        inner(offered, "function") or inner(offered, "custom")
        for offered in objects(body.get("tools"))
    ]
    return [
        tool(found.get("name"), found.get("parameters"))
        for found in (*inners, *objects(body.get("functions")))
    ]


def _schema(body: Mapping[str, Any]) -> object:
    """
    Return the schema that the answer is to follow; None if there is none.

    OpenAI: response_format {type: json_schema, json_schema: {schema}}; llama.cpp and others:
    response_format {type: json_object, schema}; vLLM: structured_outputs {json}, or guided_json.
    """
    asked = inner(body, "response_format")
    kind = string(asked, "type")
    found = inner(asked, "json_schema", "schema") or inner(asked, "schema")
    if kind in {"json_schema", "json_object"}:
        return found or ANY_OBJECT
    return inner(body, "structured_outputs", "json") or inner(body, "guided_json") or None
