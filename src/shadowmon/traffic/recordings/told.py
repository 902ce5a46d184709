"""
What strangers wrote of a request in JSON, read piece by piece.

Rule: a piece that is none is a `RecordingError`, which says why and quotes nothing.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.recordings.lines import Json
from shadowmon.traffic.recordings.recording import RecordingError


_STATUS_MAX = 599
_MILLISECONDS_FROM = 1e11
"""Seconds since the epoch have ten digits until the year 2286, milliseconds have thirteen."""


def body_of(value: object) -> bytes:
    """Return a body: text as it is, anything else as the JSON that it is."""
    try:
        return value.encode() if isinstance(value, str) else strict_json.dumps(value)
    except (CodecError, UnicodeEncodeError):
        msg = "its body cannot be written"
        raise RecordingError(msg) from None


def headers_of(value: object) -> Headers:
    """Return headers from an object of texts, or of lists of texts; raise `RecordingError`."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        msg = "its headers must be an object of texts"
        raise RecordingError(msg)
    found = [
        (name.lower(), each)
        for name, values in value.items()
        for each in (values if isinstance(values, list) else [values])
    ]
    if not all(isinstance(each, str) for _, each in found):
        msg = "its headers must be an object of texts"
        raise RecordingError(msg)
    return tuple(found)


def text_of(told: Json, key: str) -> str | None:
    """Return a text that may be missing; raise `RecordingError` if it is another thing."""
    value = told.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"its {key} must be text"
        raise RecordingError(msg)
    return value


def moment_of(value: object, *, zone: tzinfo | None = None) -> float | None:
    """
    Return a moment in seconds since the epoch; raise `RecordingError` if it is none.

    Args:
        value: A time as in RFC 3339, seconds, or milliseconds; None if there is none.
        zone: Of a time that does not say; None if it has to.

    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value) / (1000 if value >= _MILLISECONDS_FROM else 1)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    if moment is None or moment.tzinfo is None:
        msg = "its time is none as in RFC 3339, with a zone, such as 2026-01-31T12:00:00Z"
        raise RecordingError(msg)
    return moment.timestamp()


def seconds_of(told: Json, key: str) -> float | None:
    """Return a duration that may be missing; raise `RecordingError` if it is none."""
    value = told.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        msg = f"its {key} must be a number, 0 or more"
        raise RecordingError(msg)
    return float(value)


def status_of(told: Json, key: str) -> int:
    """Return an HTTP status, 200 if none is told; raise `RecordingError` if it is none."""
    value = told.get(key)
    if value is None:
        return 200
    if type(value) is not int or not 0 < value <= _STATUS_MAX:
        msg = f"its {key} is no HTTP status"
        raise RecordingError(msg)
    return value


def target_of(url: str) -> str:
    """Return path and query of an address, or of what is a target already."""
    url = url.partition("#")[0]
    if url.startswith("/"):
        return url
    _, scheme, rest = url.partition("://")
    if not scheme:
        msg = "its address is none: neither a path nor scheme://host/path"
        raise RecordingError(msg)
    ends = [place for place in map(rest.find, "/?") if place >= 0]
    rest = rest[min(ends) :] if ends else ""
    return rest if rest.startswith("/") else f"/{rest}"
