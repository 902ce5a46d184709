"""
Requests as JSON lines, the format that is easily written by hand or by a script:

    {"id": "q-17", "at": "2026-01-31T12:00:00Z", "target": "/v1/chat/completions",
     "headers": {"x-user-id": "ann"}, "body": {"messages": […]},
     "answer": {"status": 200, "body": {"choices": […]}, "seconds": 0.8}, "label": "A: 18"}

Only `body` has to be there: text is sent as it is, anything else as the JSON that it is. `answer`
is what the baseline said then, with `status`, `headers`, `body`, `seconds` and
`first_byte_seconds`; `optimized` may tell the other model's answer in the same way. Without
`target` the body must tell where it belongs, as those of OpenAI's API do.

Rule: a key that is not known is refused. It might be a misspelt answer.
"""

from __future__ import annotations

from collections.abc import Mapping

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


_KEYS = frozenset(
    ("id", "at", "method", "target", "headers", "body", "answer", "optimized", "label")
)
_ANSWER_KEYS = frozenset(("status", "headers", "body", "seconds", "first_byte_seconds"))


def _read(pieces: Mapping[Kind, bytes]) -> RecordedRequest:
    told = verbatim(pieces[Kind.REQUEST])
    target, body = text_of(told, "target"), told["body"]
    return RecordedRequest(
        method=text_of(told, "method") or "POST",
        target=target_of(target) if target else target_by_body(body),
        headers=headers_of(told.get("headers")),
        body=body_of(body),
        baseline=_answer(told, "answer"),
        optimized=_answer(told, "optimized"),
        label=text_of(told, "label"),
    )


def _describe(told: Json) -> Described:
    _refuse_strange(told, _KEYS, "the line")
    if "body" not in told:
        msg = "the line lacks body"
        raise RecordingError(msg)
    kinds = [Kind.REQUEST]
    kinds += [Kind.BASELINE] if told.get("answer") is not None else []
    kinds += [Kind.OPTIMIZED] if told.get("optimized") is not None else []
    return Described(text_of(told, "id"), tuple(kinds), moment_of(told.get("at")))


def _answer(told: Json, key: str) -> RecordedAnswer | None:
    found = told.get(key)
    if found is None:
        return None
    if not isinstance(found, dict) or "body" not in found:
        msg = f"its {key} must be an object with a body"
        raise RecordingError(msg)
    _refuse_strange(found, _ANSWER_KEYS, f"its {key}")
    return RecordedAnswer(
        status=status_of(found, "status"),
        headers=headers_of(found.get("headers")),
        body=body_of(found["body"]),
        seconds=seconds_of(found, "seconds"),
        first_byte_seconds=seconds_of(found, "first_byte_seconds"),
    )


def _refuse_strange(told: Json, known: frozenset[str], where: str) -> None:
    strange = sorted(set(told) - known)
    if strange:
        msg = f'{where} has no key "{strange[0][:40]}"; there are: {", ".join(sorted(known))}'
        raise RecordingError(msg)


REQUEST_LINES = JsonLines(describe=_describe, read=_read)
