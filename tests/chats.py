"""Chat answers as OpenAI-style servers send them: small makers, and what is read of them."""

from __future__ import annotations

import json

from typing import Any

from shadowmon.records import Answer, Headers
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import events


STREAM: Headers = (("content-type", "text/event-stream"),)


def read(answer: Any) -> Answer:
    """Read a whole answer."""
    body = json.dumps(answer).encode()
    return OpenAI({}).read_answer(status=200, headers=(), body=body)


def stream(*chunks: Any, done: bool = True, **settings: Any) -> Answer:
    """Read a stream of these chunks, by a codec with these settings."""
    body = events(*chunks) + b"data: [DONE]\n\n" * done
    return OpenAI(settings).read_answer(status=200, headers=STREAM, body=body)


def delta(finish: str | None = None, **content: Any) -> dict[str, Any]:
    """Return a chunk with this piece of a message."""
    return {"choices": [{"index": 0, "delta": content, "finish_reason": finish}]}


def message(**content: Any) -> dict[str, Any]:
    """Return an answer with this message."""
    return {"choices": [{"index": 0, "message": content, "finish_reason": "stop"}]}
