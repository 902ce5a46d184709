"""
Any JSON over POST: what an answer says is picked out by JMESPath, one expression for each part.

    codec: json
    codec_settings: {label: "result.class", probabilities: "result.scores"}
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from typing import Any

import jmespath

from jmespath.exceptions import JMESPathError

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import content_coding, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.probabilities import distribution


PARTS = (
    "text",
    "label",
    "probabilities",
    "fields",
    "error",
    "model",
    "input_tokens",
    "output_tokens",
)
_CONTENT = ("text", "label", "probabilities", "fields")


class PlainJson:
    """
    See `Codec`. Settings: a JMESPath for each of `PARTS` that the answer has.

    With none of text, label, probabilities and fields given, `fields` is the whole answer. What an
    expression does not find is None; probabilities that are no distribution (not within 0..1, or
    not adding up to 1) are left out.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._paths = {key: _compiled(key, expression) for key, expression in settings.items()}
        if not any(key in self._paths for key in _CONTENT):
            self._paths["fields"] = jmespath.compile("@")

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. Whatever is not a POST is skipped as `not_inference`."""
        if exchange.method != "POST":
            return Ask(skip="not_inference")
        body = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        model = body.get("model") if isinstance(body, dict) else None
        return Ask(model=model if isinstance(model, str) else None)

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it
        found = strict_json.loads(content_coding.plain(headers, body))
        probabilities = self._search("probabilities", found)
        return Answer(
            text=_text(self._search("text", found)),
            label=_text(self._search("label", found)),
            probabilities=None if probabilities is None else _probabilities(probabilities),
            fields=self._search("fields", found),
            error=_text(self._search("error", found) or None),
            model=_text(self._search("model", found)),
            input_tokens=_count(self._search("input_tokens", found)),
            output_tokens=_count(self._search("output_tokens", found)),
        )

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. With nothing to change the bytes stay as they are."""
        if model is None and not parameters:
            return body
        found = strict_json.loads_verbatim(body)
        if not isinstance(found, dict):
            msg = "request is not a JSON object, so that no key of it can be set"
            raise CodecError(msg)
        named = {} if model is None else {"model": model}
        return strict_json.dumps({**found, **named, **parameters})

    def _search(self, key: str, found: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
        path = self._paths.get(key)
        if path is None:
            return None
        try:
            return path.search(found)
        except JMESPathError:
            problem = f"codec_settings.{key}: the expression does not fit the answer"
        # Raised out here, so that the error does not carry the other one, which quotes the answer.
        raise CodecError(problem)


def _compiled(key: str, expression: object) -> Any:  # noqa: ANN401 - jmespath's own class is untyped
    if key not in PARTS:
        msg = f'no setting "{key}"; the codec json has: {", ".join(PARTS)}'
        raise ValueError(msg)
    if not isinstance(expression, str):
        msg = f"{key} must be a JMESPath"
        raise ValueError(msg)  # noqa: TRY004 - the Codec protocol promises ValueError
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        msg = f'{key}: "{expression}" is not a JMESPath: {str(error).splitlines()[0]}'
        raise ValueError(msg) from error


def _text(value: object) -> str | None:
    """Return a string as it is, and anything else as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _probabilities(value: object) -> Mapping[str, float] | None:
    """Read {label: p}, [{"label": …, "score": p}] (Hugging Face's form), or [p, …] by place."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [
            (item.get("label"), item.get("score")) if isinstance(item, dict) else (place, item)
            for place, item in enumerate(value)
        ]
    if not pairs or not all(type(p) in {int, float} for _, p in pairs):
        msg = "codec_settings.probabilities: what was found is no list or object of numbers"
        raise CodecError(msg)
    return distribution({str(label): float(p) for label, p in pairs})
