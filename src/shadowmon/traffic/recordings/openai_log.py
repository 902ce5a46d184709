"""
Logs in OpenAI's shapes, as JSON lines, in any mixture and over any number of files:

- a batch's input: {"custom_id", "method", "url", "body"}
- a batch's output: {"custom_id", "response": {"status_code", "body"}, "error"}; joined to its input
  by `custom_id`, in whatever order the lines come
- a log of calls: {"request": …, "response": …}, each a body by itself, or an object with `body`
  (and `url`, `headers`, `status_code`); beside them `id`, a time (`at`, `timestamp` or
  `created_at`; in UTC if it does not say), `seconds` (or `latency_ms`, `duration_ms`)

The answers are taken for the baseline's. Keys that are not known are passed over: it is a
stranger's log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from shadowmon.traffic.recordings.lines import Described, Json, JsonLines, verbatim
from shadowmon.traffic.recordings.recording import (
    Kind,
    RecordedAnswer,
    RecordedRequest,
    RecordingError,
)
from shadowmon.traffic.recordings.told import (
    body_of,
    headers_of,
    moment_of,
    seconds_of,
    status_of,
    target_of,
    text_of,
)
from shadowmon.traffic.recordings.whereto import target_by_body


_MOMENTS = ("at", "timestamp", "created_at")
_MILLISECONDS = ("latency_ms", "duration_ms")
_STATUSES = ("status_code", "status")


def _read(pieces: Mapping[Kind, bytes]) -> RecordedRequest:
    told = verbatim(pieces[Kind.REQUEST])
    answered = verbatim(pieces[Kind.BASELINE]) if Kind.BASELINE in pieces else None
    answer = None if answered is None else _wrapped(answered, "response")
    request = told if "custom_id" in told else _wrapped(told, "request")
    body = request.get("body")
    if body is None:
        msg = "its request has no body"
        raise RecordingError(msg)
    url = text_of(request, "url") or text_of(request, "target")
    return RecordedRequest(
        method=text_of(request, "method") or "POST",
        target=target_of(url) if url else target_by_body(body, answer and answer.get("body")),
        headers=headers_of(request.get("headers")),
        body=body_of(body),
        baseline=None if answer is None else _answer(answer, answered or {}),
    )


def _describe(told: Json) -> Described:
    if "custom_id" in told:
        return _of_batch(told)
    if not isinstance(told.get("request"), dict):
        msg = "the line has neither custom_id nor request"
        raise RecordingError(msg)
    has_answer = isinstance(told.get("response"), dict)
    kinds = (Kind.REQUEST, Kind.BASELINE) if has_answer else (Kind.REQUEST,)
    at = next((told[key] for key in _MOMENTS if told.get(key) is not None), None)
    return Described(text_of(told, "id"), kinds, moment_of(at, zone=UTC))


def _of_batch(told: Json) -> Described:
    name = text_of(told, "custom_id") or ""
    if "response" not in told and "error" not in told:
        return Described(name, (Kind.REQUEST,))
    if not isinstance(told.get("response"), dict):
        msg = "the batch has no answer for it, but an error"
        raise RecordingError(msg)
    return Described(name, (Kind.BASELINE,))


def _wrapped(told: Json, key: str) -> Json:
    """Return an object with a body, also where the body is told by itself."""
    found: dict[str, Any] = told[key]
    return found if "body" in found else {"body": found}


def _answer(answer: Json, beside: Json) -> RecordedAnswer:
    status = next((key for key in _STATUSES if key in answer), _STATUSES[0])
    return RecordedAnswer(
        status=status_of(answer, status),
        headers=headers_of(answer.get("headers")),
        body=body_of(answer["body"]),
        seconds=_seconds(beside),
        first_byte_seconds=seconds_of(beside, "first_byte_seconds"),
    )


def _seconds(beside: Json) -> float | None:
    told = seconds_of(beside, "seconds")
    if told is not None:
        return told
    found = (seconds_of(beside, key) for key in _MILLISECONDS)
    return next((each / 1000 for each in found if each is not None), None)


OPENAI_LOG = JsonLines(describe=_describe, read=_read)
