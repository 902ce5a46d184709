"""
Ollama's own API (its `docs/api.md`): requests here; what an answer says, in `ollama_answer.py`.
Its OpenAI-style API is the codec `openai`'s.

    POST /api/chat, /api/generate   streams unless it is told not to
    POST /api/embed, /api/embeddings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.conversation import ANY_OBJECT, Conversation, text_in, tool
from shadowmon.traffic.codecs.ollama_answer import read
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import named, rewritten
from shadowmon.traffic.codecs.shapes import inner, objects, string


NOT_INFERENCE = Ask(skip="not_inference")

_SPEAKING = ("/api/chat", "/api/generate")
_EMBEDDING = ("/api/embed", "/api/embeddings")
_CONTENT = ("messages", "prompt", "input", "images", "suffix")


class Ollama:
    """
    See `Codec`. Settings: those of `QuestionPaths`.

    `rewrite` sets top-level keys: a temperature is one of `options`, and they are replaced whole.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, QUESTION_KEYS, codec="ollama")
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """
        See `Codec.read_request`.

        Pulling, creating and deleting models is skipped, and so is a request without a prompt: it
        loads a model, or unloads it.
        """
        path = exchange.target.partition("?")[0]
        if exchange.method != "POST" or not path.endswith((*_SPEAKING, *_EMBEDDING)):
            return NOT_INFERENCE
        found = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        body = parts.json_object(found, "request")
        if not any(body.get(key) for key in _CONTENT):
            return NOT_INFERENCE
        return Ask(
            model=string(body, "model") or None,
            streams=path.endswith(_SPEAKING) and body.get("stream") is not False,
            question=self._paths.read(body, _question(body, embeds=path.endswith(_EMBEDDING))),
        )

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        return read(content_coding.plain(headers, body))

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. With nothing to change the bytes stay as they are."""
        return rewritten(body, {**named(model), **parameters})


def _question(body: Mapping[str, Any], *, embeds: bool) -> Question:
    if embeds:
        return Question(documents=parts.texts(body.get("input") or body.get("prompt")))
    conversation = Conversation()
    conversation.say("system", string(body, "system"))
    if "messages" in body:
        for value in parts.json_list(body["messages"], "messages"):
            message = parts.json_object(value, "a message")
            conversation.say(string(message, "role").lower(), text_in(message.get("content")))
    else:
        conversation.say("user", string(body, "prompt"))
    functions = [inner(offered, "function") for offered in objects(body.get("tools"))]
    return conversation.question(
        tools=[tool(found.get("name"), found.get("parameters")) for found in functions],
        schema=_schema(body.get("format")),
    )


def _schema(form: object) -> object:
    """`format` is a schema, or the word `json`."""
    if form == "json":
        return ANY_OBJECT
    return form if isinstance(form, dict) else None
