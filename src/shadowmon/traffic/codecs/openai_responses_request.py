"""What a request to OpenAI's Responses API asks, and whether it may be asked a second time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shadowmon.records import Question, Tool
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.conversation import ANY_OBJECT, Conversation, text_in, tool
from shadowmon.traffic.codecs.shapes import inner, objects, string


_TOLD_BY_TOOLS = frozenset({"function_call_output", "custom_tool_call_output"})


def question(body: Mapping[str, Any]) -> Question:
    """
    Read a request.

    Raises:
        CodecError: If its input is neither a text nor a list of objects.

    """
    conversation = Conversation()
    conversation.say("system", string(body, "instructions"))
    for item in _items(body):
        kind = string(item, "type") or "message"
        if kind == "message":
            conversation.say(string(item, "role"), text_in(item.get("content")))
        elif kind in _TOLD_BY_TOOLS:
            conversation.say("tool", text_in(item.get("output")))
        elif kind != "reasoning":
            conversation.say("assistant", "")
    return conversation.question(tools=_tools(body), schema=_schema(body))


def leans_on_the_store(body: Mapping[str, Any]) -> bool:
    """
    Does it go on with what the server keeps, or have it work on in the background?

    Another server does not have what this one keeps; and a second turn would be added to a stored
    conversation. A reasoning item that does not bring its own content stands for a stored one, as
    an item reference and a stored prompt do.
    """
    if body.get("background") is True:
        return True
    if any(body.get(key) is not None for key in ("previous_response_id", "conversation", "prompt")):
        return True
    return any(_is_stored(item) for item in _items(body))


def _is_stored(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    if kind == "reasoning":
        return not (item.get("encrypted_content") or item.get("content"))
    return kind == "item_reference" or (kind is None and "role" not in item and "id" in item)


def _items(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    given = body.get("input")
    if isinstance(given, str):
        yield {"role": "user", "content": given}
        return
    for item in parts.json_list(given, "input"):
        yield parts.json_object(item, "an input item")


def _tools(body: Mapping[str, Any]) -> list[Tool]:
    return [
        tool(offered.get("name"), offered.get("parameters"))
        for offered in objects(body.get("tools"))
    ]


def _schema(body: Mapping[str, Any]) -> object:
    asked = inner(body, "text", "format")
    if string(asked, "type") in {"json_schema", "json_object"}:
        return inner(asked, "schema") or ANY_OBJECT
    return None
