"""An error's name; never the server's own sentence, which may quote the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.traffic.codecs import parts


def error_name(found: Mapping[str, Any]) -> str | None:
    """
    Name the error that an answer reports by its type and code; None if it reports none.

    OpenAI, Anthropic and most others: {error: {type, code, message}}; Ollama: {error: "…"}; older
    vLLM: {object: "error", type, code, message}; an event of Responses: {type: "error", code,
    message}.
    """
    error = found.get("error")
    if not error and "error" in (found.get("object"), found.get("type")):
        error = found
    if not error:
        return None
    if not isinstance(error, dict):
        return "error"
    words = (error.get("type"), error.get("code"))
    return parts.error_word(*(word for word in words if word and word != "error"))
