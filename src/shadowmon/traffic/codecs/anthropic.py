"""
Anthropic's Messages API, as Anthropic, vLLM, llama.cpp and gateways speak it: requests here; what
an answer says, in `anthropic_answer.py`.

    codec: anthropic
    codec_settings: {tests: "metadata.tests"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import (
    anthropic_answer,
    anthropic_request,
    content_coding,
    parts,
    strict_json,
)
from shadowmon.traffic.codecs.chunks import read_chunks
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.question_paths import QuestionPaths
from shadowmon.traffic.codecs.rewriting import named, rewritten
from shadowmon.traffic.codecs.shapes import string
from shadowmon.traffic.codecs.sse import is_stream


NOT_INFERENCE = Ask(skip="not_inference")

_PATH = "/messages"


class Anthropic:
    """
    See `Codec`. Settings:

    tests: A JMESPath on the request's body, to the program that checks the code in an answer.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, ("tests",), codec="anthropic")
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. Token counts and batches are skipped as `not_inference`."""
        path = exchange.target.partition("?")[0]
        if exchange.method != "POST" or not path.endswith(_PATH):
            return NOT_INFERENCE
        found = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        body = parts.json_object(found, "request")
        if "messages" not in body:
            return NOT_INFERENCE
        ask = Ask(model=string(body, "model") or None, streams=body.get("stream") is True)
        if anthropic_request.runs_tools(body):
            return replace(ask, skip="server_side_tools")
        return replace(ask, question=self._paths.read(body, anthropic_request.question(body)))

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error object is read whatever the status says
        body = content_coding.plain(headers, body)
        if is_stream(headers, body):
            return anthropic_answer.read_stream(read_chunks(body))
        return anthropic_answer.read_json(parts.json_object(strict_json.loads(body), "the answer"))

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. With nothing to change the bytes stay as they are."""
        return rewritten(body, {**named(model), **parameters})
