"""What a request to Anthropic's Messages API asks."""

from __future__ import annotations

import re

from collections.abc import Mapping
from typing import Any

from shadowmon.records import Question
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.conversation import Conversation, text_in, tool
from shadowmon.traffic.codecs.shapes import inner, objects, string


_RUN_BY_THE_CLIENT = re.compile(r"custom|(bash|computer|memory|text_editor)_\d{8}")
"""Types of tools that the server only proposes to call; the others it calls by itself."""


def question(body: Mapping[str, Any]) -> Question:
    """
    Read a request.

    Raises:
        CodecError: If its messages are not a list of objects.

    """
    conversation = Conversation()
    conversation.say("system", text_in(body.get("system")))
    for value in parts.json_list(body.get("messages"), "messages"):
        message = parts.json_object(value, "a message")
        role, content = string(message, "role"), message.get("content")
        if role == "user":
            for block in objects(content):
                conversation.hear(_given(block))
        conversation.say(role, text_in(content))
    tools = [
        tool(offered.get("name"), offered.get("input_schema"))
        for offered in objects(body.get("tools"))
    ]
    return conversation.question(tools=tools, schema=_schema(body))


def runs_tools(body: Mapping[str, Any]) -> bool:
    """
    Would the server itself act: search the web, run code, call an MCP server?

    Such a call may have effects, and a second one would have them twice. A tool that the client
    runs is only proposed, and nothing here executes it.
    """
    if body.get("mcp_servers") or body.get("container"):
        return True
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        return True
    return any(
        not isinstance(offered, dict)
        or not _RUN_BY_THE_CLIENT.fullmatch(str(offered.get("type") or "custom"))
        for offered in tools
    )


def _given(block: Mapping[str, Any]) -> str:
    """Return the text of a tool's result, a document or a search result; else nothing."""
    kind = string(block, "type")
    if kind in {"tool_result", "search_result"}:
        return text_in(block.get("content"))
    if kind == "document":
        source = inner(block, "source")
        return (
            string(source, "data")
            if source.get("type") == "text"
            else text_in(source.get("content"))
        )
    return ""


def _schema(body: Mapping[str, Any]) -> object:
    """Return the schema in output_config {format}, or in the older output_format."""
    asked = inner(body, "output_config", "format") or inner(body, "output_format")
    return inner(asked, "schema") or None
