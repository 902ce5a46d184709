"""
HTTP Archives (HAR 1.2): what a browser or a proxy saw, as one JSON document.

The document is first turned into lines, one entry each, and then read like any other recording.

Traps, each with a test:

- a body was decoded before it was written, but its `content-encoding` was written as it came
- binary bodies are base64; some writers do so for a request's too
- a form may be told by its `params` alone
- headers of HTTP/2 and 3 have names such as `:authority`
- a time of -1 says that there was none; `time` counts DNS, connecting and TLS as well
- a status of 0 is a request that was given up; what came from the browser's cache was not answered
- bodies are often left out: then there is an answer, but nobody knows which
"""

from __future__ import annotations

import base64
import binascii

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.recordings.lines import Described, Json, JsonLines, verbatim
from shadowmon.traffic.recordings.recording import (
    Kind,
    RecordedAnswer,
    RecordedRequest,
    RecordingError,
)
from shadowmon.traffic.recordings.told import moment_of, status_of, target_of, text_of


_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""What headers say of a body that is not the one in the file."""
_FORM = "application/x-www-form-urlencoded"


def entries(document: bytes) -> Iterator[bytes]:
    """
    Return an archive's entries, one line each.

    Raises:
        RecordingError: If it is no archive.

    """
    try:
        log = strict_json.loads_verbatim(document)
        found = log["log"]["entries"]
    except (CodecError, KeyError, TypeError) as error:
        why = f": {error}" if isinstance(error, CodecError) else ""
        msg = f"it is no HTTP archive{why}"
        raise RecordingError(msg) from None
    if not isinstance(found, list):
        msg = "it is no HTTP archive: log.entries is no list"
        raise RecordingError(msg)
    return (strict_json.dumps(each) + b"\n" for each in found)


def _read(pieces: Mapping[Kind, bytes]) -> RecordedRequest:
    told = verbatim(pieces[Kind.REQUEST])
    request = _object(told, "request")
    headers, body = _headers(request), _posted(request)
    return RecordedRequest(
        method=text_of(request, "method") or "GET",
        target=target_of(text_of(request, "url") or ""),
        headers=headers,
        body=body,
        baseline=_answer(told),
    )


def _describe(told: Json) -> Described:
    request, response = _object(told, "request"), _object(told, "response")
    if "_webSocketMessages" in told or request.get("method") == "CONNECT":
        msg = "it is a tunnel or a WebSocket, not one request"
        raise RecordingError(msg)
    if told.get("_fromCache") or response.get("_fromCache"):
        msg = "it was answered from the browser's cache"
        raise RecordingError(msg)
    if response.get("status") == 0:
        msg = "it was given up before it was answered"
        raise RecordingError(msg)
    kinds = (Kind.REQUEST, Kind.BASELINE) if _is_told(response) else (Kind.REQUEST,)
    return Described(None, kinds, moment_of(told.get("startedDateTime")))


def _is_told(response: Json) -> bool:
    """Is the answer's body there, or was there none?"""
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    return isinstance(content.get("text"), str) or not content.get("size")


def _object(told: Json, key: str) -> Json:
    found = told.get(key)
    if not isinstance(found, dict):
        msg = f"the entry has no {key}"
        raise RecordingError(msg)
    return found


def _headers(message: Json) -> Headers:
    found = []
    told = message.get("headers")
    for each in told if isinstance(told, list) else []:
        name, value = (each.get("name"), each.get("value")) if isinstance(each, dict) else ("", "")
        if isinstance(name, str) and isinstance(value, str) and name and not name.startswith(":"):
            found.append((name.lower(), value))
    return tuple((name, value) for name, value in found if name not in _OF_THE_WIRE)


def _posted(request: Json) -> bytes:
    posted = request.get("postData")
    if not isinstance(posted, dict):
        return b""
    if isinstance(posted.get("text"), str) and (posted["text"] or not posted.get("params")):
        encoding = posted.get("encoding") or posted.get("_encoding")
        return _decoded(posted["text"], encoding)
    kind = str(posted.get("mimeType", "")).partition(";")[0].strip().lower()
    params = posted.get("params")
    if kind != _FORM or not isinstance(params, list):
        msg = "its body was not written down"
        raise RecordingError(msg)
    pairs = [(each.get("name"), each.get("value", "")) for each in params if isinstance(each, dict)]
    return urlencode([(name, value) for name, value in pairs if isinstance(name, str)]).encode()


def _decoded(text: str, encoding: object) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        msg = "its body is no base64"
        raise RecordingError(msg) from None


def _answer(told: Json) -> RecordedAnswer | None:
    response = _object(told, "response")
    if not _is_told(response):
        return None
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    seconds, first_byte_seconds = _durations(told)
    return RecordedAnswer(
        status=status_of(response, "status"),
        headers=_headers(response),
        body=_decoded(content.get("text") or "", content.get("encoding")),
        seconds=seconds,
        first_byte_seconds=first_byte_seconds,
    )


def _durations(told: Json) -> tuple[float | None, float | None]:
    """Return how long the server took, and its first byte; without what the browser did first."""
    timings = told.get("timings")
    timings = timings if isinstance(timings, dict) else {}
    send, wait, receive = (_milliseconds(timings, key) for key in ("send", "wait", "receive"))
    if wait is None:
        total = _milliseconds(told, "time")
        return (total / 1000 if total else None), None
    first = (send or 0.0) + wait
    return (first + (receive or 0.0)) / 1000 or None, first / 1000 or None


def _milliseconds(told: Json, key: str) -> float | None:
    found = told.get(key)
    is_number = isinstance(found, int | float) and not isinstance(found, bool) and found >= 0
    return float(found) if is_number and isinstance(found, int | float) else None


HTTP_ARCHIVE = JsonLines(describe=_describe, read=_read)
