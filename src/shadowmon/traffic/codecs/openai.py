"""
OpenAI's APIs, as OpenAI, vLLM, SGLang, TGI, llama.cpp, Ollama and others speak them: chat,
completions, Responses and embeddings.

    codec: openai
    codec_settings: {tests: "metadata.tests", stream_end: done}

Which API a request is for is told by its path. An answer comes without one, and is told by its own
keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import (
    content_coding,
    openai_chat,
    openai_embeddings,
    openai_request,
    openai_responses,
    openai_responses_request,
    parts,
    strict_json,
)
from shadowmon.traffic.codecs.chunks import read_chunks
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.openai_chat import StreamEnd
from shadowmon.traffic.codecs.question_paths import QuestionPaths
from shadowmon.traffic.codecs.rewriting import named
from shadowmon.traffic.codecs.shapes import string
from shadowmon.traffic.codecs.sse import is_stream


SETTINGS = ("tests", "stream_end")

NOT_INFERENCE = Ask(skip="not_inference")

_ASKED_IN = {
    "/chat/completions": "messages",
    "/completions": "prompt",
    "/responses": "input",
    "/embeddings": "input",
}
"""End of the path -> the key that a request must have."""

_QUESTION_OF = {
    "/chat/completions": openai_request.chat,
    "/completions": openai_request.completions,
    "/responses": openai_responses_request.question,
    "/embeddings": openai_request.embeddings,
}

_ONLY_IN_RESPONSES = (
    "instructions",
    "include",
    "max_output_tokens",
    "metadata",
    "reasoning",
    "stream",
    "temperature",
    "text",
    "tools",
    "top_p",
)
"""Beside `input`: what tells a Responses request from one for embeddings."""


class OpenAI:
    """
    See `Codec`. Settings:

    tests: A JMESPath on the request's body, to the program that checks the code in an answer. No
        wire format has a place of its own for one.
    stream_end: `done` (the default: a chat stream ends with `[DONE]`), or `finish_reason`, for
        servers that never send it.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, SETTINGS, codec="openai")
        self._paths = QuestionPaths(settings)
        self._stream_end = _stream_end(settings.get("stream_end", StreamEnd.DONE))

    def read_request(self, exchange: Exchange) -> Ask:
        """
        See `Codec.read_request`. Skipped as well: `server_side_tools`, and `stored_conversation`
        for what leans on a server's memory or works on in the background.
        """
        api = _api(exchange)
        if not api:
            return NOT_INFERENCE
        found = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        body = parts.json_object(found, "request")
        if _ASKED_IN[api] not in body:
            # A stored prompt may be all that a Responses request has.
            stored = api == "/responses" and body.get("prompt") is not None
            return Ask(skip="stored_conversation") if stored else NOT_INFERENCE
        return self._ask(api, body)

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`. Of several choices only the first (index 0) is read."""
        del status  # the arm judges it; an error object is read whatever the status says
        body = content_coding.plain(headers, body)
        if not is_stream(headers, body):
            return _read_json(parts.json_object(strict_json.loads(body), "the answer"))
        chunks = list(read_chunks(body))
        if any(map(openai_responses.is_event, chunks)):
            return openai_responses.read_stream(chunks)
        return openai_chat.read_stream(chunks, end=self._stream_end)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """
        See `Codec.rewrite`. With nothing to change the bytes stay as they are.

        A shadow call is not stored: `store` becomes false where it is true, and where it is absent
        and that means true (Responses), unless the parameters say otherwise. A Responses request
        of nothing but a model and a text cannot be told from one for embeddings, and stays.
        """
        changes = {**named(model), **parameters}
        if not changes and b'"store"' not in body and b'"input"' not in body:
            return body
        found = parts.json_object(strict_json.loads_verbatim(body), "request")
        changes = {**_unstored(found), **changes}
        return strict_json.dumps({**found, **changes}) if changes else body

    def _ask(self, api: str, body: Mapping[str, Any]) -> Ask:
        ask = Ask(model=string(body, "model") or None, streams=body.get("stream") is True)
        if openai_request.runs_tools(body):
            return replace(ask, skip="server_side_tools")
        if api == "/responses" and openai_responses_request.leans_on_the_store(body):
            return replace(ask, skip="stored_conversation")
        question = _QUESTION_OF[api](body)
        return replace(ask, question=self._paths.read(body, question))


def _stream_end(value: Any) -> StreamEnd:  # noqa: ANN401 - a setting may be anything
    try:
        return StreamEnd(value)
    except ValueError:
        msg = f'stream_end: "{value}" is not one of: {", ".join(StreamEnd)}'
        raise ValueError(msg) from None


def _api(exchange: Exchange) -> str:
    """Return the end of the path that names the API; empty if it is none that is read."""
    path = exchange.target.partition("?")[0]
    if exchange.method != "POST":
        return ""
    return next((api for api in _ASKED_IN if path.endswith(api)), "")


def _read_json(found: Mapping[str, Any]) -> Answer:
    if "output" in found or found.get("object") == "response":
        return openai_responses.read_json(found)
    if isinstance(found.get("data"), list):
        return openai_embeddings.read_json(found)
    return openai_chat.read_json(found)


def _unstored(found: Mapping[str, Any]) -> Mapping[str, Any]:
    given = found.get("input")
    is_responses = given is not None and (
        any(key in found for key in _ONLY_IN_RESPONSES)
        or (isinstance(given, list) and any(isinstance(item, dict) for item in given))
    )
    stores = found.get("store")
    return {"store": False} if stores is True or (is_responses and stores is None) else {}
