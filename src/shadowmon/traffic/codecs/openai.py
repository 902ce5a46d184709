"""
OpenAI-style chat and completions, as OpenAI, vLLM, SGLang, TGI, llama.cpp, Ollama and others speak
it: requests here; what an answer says, in `openai_answer.py`.

Not read yet: embeddings, Responses, audio. Such a request is skipped as `not_inference`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import content_coding, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.openai_answer import read_json, read_stream
from shadowmon.traffic.codecs.sse import is_stream


NOT_INFERENCE = Ask(skip="not_inference")

_PATHS = ("/chat/completions", "/completions")


class OpenAI:
    """See `Codec`. Knows no settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        for key in settings:
            msg = f'no setting "{key}"; the codec openai has none'
            raise ValueError(msg)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`."""
        path = exchange.target.partition("?")[0]
        if exchange.method != "POST" or not path.endswith(_PATHS):
            return NOT_INFERENCE
        body = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        if not isinstance(body, dict):
            msg = "request is not a JSON object"
            raise CodecError(msg)
        if "messages" not in body and "prompt" not in body:
            return NOT_INFERENCE
        model = body.get("model")
        return Ask(
            model=model if isinstance(model, str) else None,
            streams=body.get("stream") is True,
            skip="server_side_tools" if _runs_tools(body) else "",
        )

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`. Of several choices only the first (index 0) is read."""
        del status  # the arm judges it; an error object is read whatever the status says
        body = content_coding.plain(headers, body)
        return read_stream(body) if is_stream(headers, body) else read_json(body)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. With nothing to change the bytes stay as they are."""
        if model is None and not parameters:
            return body
        found = strict_json.loads_verbatim(body)
        if not isinstance(found, dict):
            msg = "request is not a JSON object"
            raise CodecError(msg)
        named = {} if model is None else {"model": model}
        return strict_json.dumps({**found, **named, **parameters})


def _runs_tools(body: Mapping[str, Any]) -> bool:
    """
    Would the server itself act: search the web, run code, call an MCP server?

    A function is only proposed, and nothing here executes it. Everything else may have effects,
    and a second call would have them twice.
    """
    if body.get("web_search_options") is not None:
        return True
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        return True
    return any(not isinstance(t, dict) or t.get("type", "function") != "function" for t in tools)
