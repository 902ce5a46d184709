"""
What a LiteLLM gateway's generic API logger tells: its StandardLoggingPayload, as JSON. Pure.

Read in LiteLLM's sources (integrations/generic_api, types/utils.py, router.py):

- a post holds one payload, an array of them, or one a line (`log_format`)
- of a caller's metadata only `requester_metadata` and `spend_logs_metadata` reach the payload; the
  mark `is_silent_experiment` does not: which arm a call was for is told by its `model_group`
- a silent call has a call id of its own, so it is joined to the user's call by an id that the
  caller put into its metadata (`shadowmon_id`, or `shadow_pair_id`); else by `trace_id` and what
  was asked: a trace may hold a whole session, and a retry
- a streamed answer is told as the whole answer; a failed call has no answer but an error code
- with message logging turned off the text is `redacted-by-litellm`: nothing can be compared
- an answer from LiteLLM's own cache says nothing about the model
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.settings import LiteLlmSettings, RouteSettings
from shadowmon.traffic.sighting import (
    SeenAnswer,
    SeenRequest,
    Sighting,
    SightingError,
    header_lines,
)


SOURCE = "litellm"

_TARGETS = {
    "completion": "/v1/chat/completions",
    "text_completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
}
"""LiteLLM's call types (an `a` before them says: asynchronous), and what they are on the wire."""

_INPUTS = {
    "/v1/completions": "prompt",
    "/v1/embeddings": "input",
    "/v1/responses": "input",
}
"""Where the wire keeps what the payload calls `messages`, if not there."""

_PAIR_KEYS = ("shadowmon_id", "shadow_pair_id")
_METADATA = ("requester_metadata", "spend_logs_metadata")
_NOT_SENT_ON = frozenset({"extra_headers", "extra_body", "api_key", "metadata", "user", "headers"})
"""Model parameters that hold credentials, or who asked."""
_REDACTED = "redacted-by-litellm"
_ID_MAX = 256
_ERROR = re.compile(r"[45]\d\d", re.ASCII)
_MOMENT_MAX = 253_402_300_800.0
"""Seconds since the epoch, where the year 10000 begins."""


def read_payloads(body: bytes) -> Iterator[dict[str, Any] | SightingError]:
    """
    Read a post's payloads; one that is none is the reason why.

    Raises:
        SightingError: If the whole of it is no JSON.

    """
    try:
        found = strict_json.loads(body)
    except CodecError as error:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one line that is no JSON is not one JSON a line
            raise SightingError(str(error)) from None
        yield from map(_line, lines)
        return
    for each in found if isinstance(found, list) else [found]:
        yield each if isinstance(each, dict) else SightingError("a payload must be a JSON object")


def _line(line: bytes) -> dict[str, Any] | SightingError:
    try:
        found = strict_json.loads(line)
    except CodecError as error:
        return SightingError(str(error))
    return found if isinstance(found, dict) else SightingError("a payload must be a JSON object")


class Gateway:
    """Says of which of our models a payload is."""

    def __init__(
        self, groups: Iterable[LiteLlmSettings], routes: Mapping[str, RouteSettings]
    ) -> None:
        self._models = {
            name: (RouteName(group.route), ModelName(model))
            for group in groups
            for name, model in group.models.items()
        }
        self._routes = routes

    def read(self, payload: Mapping[str, Any]) -> Sighting:
        """
        Read a payload.

        Raises:
            SightingError: If it cannot be used.

        """
        route, model = self._model(payload)
        target = _target(payload)
        _check(payload)
        body = _request(payload, target)
        name, is_given = _id(payload, body)
        begun = _moment(payload, "startTime")
        return Sighting(
            source=SOURCE,
            route=route,
            id=name,
            model=model,
            request=SeenRequest(
                target=target.encode(),
                headers=header_lines(
                    ("content-type", "application/json"),
                    *self._who(route, payload, name if is_given else ""),
                ),
                body=strict_json.dumps(body),
            ),
            answer=_answer(payload, begun),
            at=begun,
        )

    def _model(self, payload: Mapping[str, Any]) -> tuple[RouteName, ModelName]:
        for key in ("model_group", "model"):
            found = payload.get(key)
            if isinstance(found, str) and found in self._models:
                return self._models[found]
        msg = "no entry of traffic.events.litellm has this payload's model_group"
        raise SightingError(msg)

    def _who(
        self, route: RouteName, payload: Mapping[str, Any], name: str
    ) -> Iterator[tuple[str, str]]:
        settings = self._routes[route]
        if name:
            yield settings.request_id_header, name
        user = payload.get("end_user")
        if settings.sticky.header and isinstance(user, str) and user:
            yield settings.sticky.header, user


def _target(payload: Mapping[str, Any]) -> str:
    kind = payload.get("call_type")
    kind = kind if isinstance(kind, str) else ""
    target = _TARGETS.get(kind) or _TARGETS.get(kind.removeprefix("a"))
    if target is None:
        msg = f"its call_type is none of {', '.join(_TARGETS)}"
        raise SightingError(msg)
    return target


def _check(payload: Mapping[str, Any]) -> None:
    if payload.get("cache_hit") in {True, "True"}:
        msg = "it was answered from LiteLLM's cache, which says nothing about the model"
        raise SightingError(msg)
    if not isinstance(payload.get("model_parameters", {}), dict | None):
        msg = "its model_parameters are no object: turn generic_api_use_v1 off"
        raise SightingError(msg)
    if _is_redacted(payload.get("messages")) or _is_redacted(payload.get("response")):
        msg = "its text is redacted: nothing can be compared (turn_off_message_logging)"
        raise SightingError(msg)


def _is_redacted(told: object) -> bool:
    """Is this what LiteLLM writes in the place of text?"""
    if isinstance(told, str):
        return told == _REDACTED
    if isinstance(told, list):
        return any(map(_is_redacted, told))
    if isinstance(told, dict):
        parts = ("content", "text", "message", "choices", "output")
        return any(_is_redacted(told.get(part)) for part in parts)
    return False


def _request(payload: Mapping[str, Any], target: str) -> dict[str, Any]:
    messages = payload.get("messages")
    if not messages:
        msg = "it has no messages"
        raise SightingError(msg)
    parameters = payload.get("model_parameters") or {}
    kept = {key: value for key, value in parameters.items() if key not in _NOT_SENT_ON}
    key = _INPUTS.get(target, "messages")
    model = payload.get("model_group") or payload.get("model")
    return {**kept, "model": model, key: messages}


def _id(payload: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[str, bool]:
    """Return what joins the call to its silent one, and whether the caller gave it."""
    metadata = _object(payload, "metadata")
    for place in (metadata, *(_object(metadata, key) for key in _METADATA)):
        for key in _PAIR_KEYS:
            found = place.get(key)
            if isinstance(found, str) and 0 < len(found) <= _ID_MAX:
                return found, True
    trace = payload.get("trace_id") or payload.get("id")
    if not isinstance(trace, str) or not trace:
        msg = "it has no id: neither metadata.shadowmon_id nor trace_id nor id"
        raise SightingError(msg)
    # Not the parameters: each provider's calls are told with its own names for them.
    asked = next(request[key] for key in ("messages", "prompt", "input") if key in request)
    digest = blake2b(trace.encode("utf-8", "replace"), digest_size=16)
    digest.update(strict_json.dumps(asked))
    return digest.hexdigest(), False


def _object(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def _answer(payload: Mapping[str, Any], begun: float | None) -> SeenAnswer:
    ended, first = _moment(payload, "endTime"), _moment(payload, "completionStartTime")
    seconds = None if begun is None or ended is None else max(0.0, ended - begun)
    first_byte = None if begun is None or not first else max(0.0, first - begun)
    is_good = payload.get("status", "success") == "success"
    body = payload.get("response")
    if is_good and not isinstance(body, dict):
        msg = "its response is no object"
        raise SightingError(msg)
    return SeenAnswer(
        status=HTTPStatus.OK if is_good else _error_status(payload),
        headers=header_lines(("content-type", "application/json")),
        body=strict_json.dumps(body) if is_good else b"",
        seconds=seconds,
        first_byte_seconds=first_byte if is_good else None,
    )


def _error_status(payload: Mapping[str, Any]) -> int:
    code = str(_object(payload, "error_information").get("error_code"))
    return int(code) if _ERROR.fullmatch(code) else HTTPStatus.INTERNAL_SERVER_ERROR


def _moment(payload: Mapping[str, Any], key: str) -> float | None:
    """Return a moment in seconds since the epoch; None if it is none that a clock could show."""
    found = payload.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if 0 <= found < _MOMENT_MAX else None
