"""
Any JSON over POST: what an answer says is picked out by JMESPath, one expression for each part.

    codec: json
    codec_settings: {label: "result.class", probabilities: "result.scores", question: "prompt"}
"""

from __future__ import annotations

import json

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from shadowmon.records import Answer, Exchange, Headers, ToolCall
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import Expression, refuse_unknown
from shadowmon.traffic.codecs.probabilities import distribution, labelled
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import named, rewritten
from shadowmon.traffic.codecs.shapes import inner, string
from shadowmon.traffic.codecs.tool_calls import GrowingCall


Part = TypeVar("Part")

PARTS = (
    "text",
    "label",
    "probabilities",
    "fields",
    "embedding",
    "ranking",
    "tool_calls",
    "error",
    "model",
    "input_tokens",
    "output_tokens",
)
_CONTENT = PARTS[: PARTS.index("error")]


class PlainJson:
    """
    See `Codec`. Settings: a JMESPath for each of `PARTS` that the answer has, and those of
    `QuestionPaths` for what the request asks.

    With none of the parts before `error` given, `fields` is the whole answer. What an expression
    does not find is None; probabilities that are no distribution (not within 0..1, or not adding
    up to 1) are left out.

    An `embedding` is a list of numbers, or a list of such lists; a `ranking` as `parts.ranking`
    reads it; `tool_calls` a list of {"name", "arguments"}, or {"function": {"name", "arguments"}},
    where arguments are an object or a string of JSON.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, (*PARTS, *QUESTION_KEYS), codec="json")
        self._parts = {key: Expression(key, settings[key]) for key in PARTS if key in settings}
        self._paths = QuestionPaths(settings)
        if not any(key in self._parts for key in _CONTENT):
            self._parts["fields"] = Expression("fields", "@")

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. Whatever is not a POST is skipped as `not_inference`."""
        if exchange.method != "POST":
            return Ask(skip="not_inference")
        body = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        model = string(body, "model") if isinstance(body, dict) else ""
        return Ask(model=model or None, question=self._paths.read(body))

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it
        answer = strict_json.loads(content_coding.plain(headers, body))
        found = {key: path.find(answer) for key, path in self._parts.items()}
        # What was not found at all is nothing; what was found and is not the part, no answer.
        known = {key: value for key, value in found.items() if value is not None}
        return Answer(
            text=_text(found.get("text")),
            label=_text(found.get("label")),
            probabilities=_of(known, "probabilities", _probabilities),
            fields=found.get("fields"),
            embeddings=_of(known, "embedding", parts.vectors) or (),
            ranking=_of(known, "ranking", parts.ranking),
            tool_calls=_of(known, "tool_calls", _tool_calls) or (),
            error=_text(found.get("error") or None),
            model=_text(found.get("model")),
            input_tokens=parts.count(found.get("input_tokens")),
            output_tokens=parts.count(found.get("output_tokens")),
        )

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. With nothing to change the bytes stay as they are."""
        return rewritten(body, {**named(model), **parameters})


def _of(found: Mapping[str, Any], key: str, read: Callable[[Any, str], Part]) -> Part | None:
    """Read a part that was found; a complaint about it begins with its key."""
    if key not in found:
        return None
    return read(found[key], f"codec_settings.{key}: what was found")


def _text(value: object) -> str | None:
    """Return a string as it is, and anything else as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _probabilities(value: object, what: str) -> Mapping[str, float] | None:
    return distribution(labelled(value, what))


def _tool_calls(value: object, what: str) -> tuple[ToolCall, ...]:
    return tuple(
        _tool_call(parts.json_object(item, f"{what}, a tool call,"))
        for item in parts.json_list(value, what)
    )


def _tool_call(found: Mapping[str, Any]) -> ToolCall:
    function = inner(found, "function") or found
    call = GrowingCall(name=string(function, "name"))
    call.add(function.get("arguments"))
    return call.tool_call()
