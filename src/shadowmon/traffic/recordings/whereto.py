"""Where a request belongs whose log tells only its body: OpenAI's paths, by what is in it."""

from __future__ import annotations

from shadowmon.traffic.recordings.recording import RecordingError


CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
EMBEDDINGS, RESPONSES = "/v1/embeddings", "/v1/responses"

_BY_ANSWER = {
    "chat.completion": CHAT,
    "chat.completion.chunk": CHAT,
    "text_completion": COMPLETIONS,
    "list": EMBEDDINGS,
    "response": RESPONSES,
}
"""What an answer calls itself, in `object`."""


def target_by_body(body: object, answer: object = None) -> str:
    """
    Return a request's path, by its answer or its body.

    Raises:
        RecordingError: If neither tells.

    """
    named = answer.get("object") if isinstance(answer, dict) else None
    if isinstance(named, str) and named in _BY_ANSWER:
        return _BY_ANSWER[named]
    keys = body if isinstance(body, dict) else {}
    if "messages" in keys:
        return CHAT
    if "prompt" in keys:
        return COMPLETIONS
    if "input" in keys:
        return EMBEDDINGS if "encoding_format" in keys or "dimensions" in keys else RESPONSES
    msg = "it has no target, and its body does not tell where it belongs"
    raise RecordingError(msg)
