"""Files of one JSON object a line, however their bytes are cut; a line is held, never a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple, TypeAlias

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable


LINE_MAX = 64 * 1024 * 1024
"""Bytes of a line; what is longer is refused without being held."""

_STATUS_MAX = 599
_MILLISECONDS_FROM = 1e11
"""Seconds since the epoch have ten digits until the year 2286, milliseconds have thirteen."""

Json: TypeAlias = Mapping[str, Any]


class Line(NamedTuple):
    """One line, without its end."""

    number: int
    offset: int
    length: int
    text: bytes | None
    """None if it is too long."""


def lines(chunks: Iterable[bytes], *, line_max: int = LINE_MAX) -> Iterator[Line]:
    """Cut a file into its lines, the blank ones included."""
    held: list[bytes] = []
    number, offset, length = 1, 0, 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            length += len(piece)
            yield Line(number, offset, length, _joined([*held, piece], length, line_max))
            number, offset, length, held = number + 1, offset + length + 1, 0, []
        length += len(rest)
        held = [*held, rest] if length <= line_max else []
    if length:
        yield Line(number, offset, length, _joined(held, length, line_max))


def _joined(pieces: list[bytes], length: int, line_max: int) -> bytes | None:
    return b"".join(pieces) if length <= line_max else None


class Described(NamedTuple):
    """What one line tells of a request."""

    key: str | None
    """None if it has no id of its own."""
    kinds: tuple[Kind, ...]
    at: float | None = None


def json_parts(
    chunks: Iterable[bytes], *, name: str, describe: Callable[[Json], Described]
) -> Iterator[Part | Unusable]:
    """
    Index a file of JSON lines.

    Args:
        chunks: See `Format.parts`.
        name: See there.
        describe: Says what a line is, or raises `RecordingError`.

    """
    for line in lines(chunks):
        if line.text is None:
            problem = f"a line is longer than {LINE_MAX} bytes"
            yield Unusable(number=line.number, problem=problem)
            continue
        if not line.text.strip():
            continue
        try:
            told = describe(json_object(line.text))
        except RecordingError as error:
            yield Unusable(number=line.number, problem=str(error))
            continue
        yield Part(
            key=f"{name}:{line.number}" if told.key is None else told.key,
            kinds=told.kinds,
            at=told.at,
            number=line.number,
            offset=line.offset,
            length=line.length,
        )


# --- what strangers wrote, read piece by piece ---


def json_object(line: bytes) -> Json:
    """Read a line that must be a JSON object, or raise `RecordingError`."""
    try:
        found = strict_json.loads(line)
    except CodecError as error:
        raise RecordingError(str(error)) from None
    if not isinstance(found, dict):
        msg = "the line must be a JSON object"
        raise RecordingError(msg)
    return found


def verbatim(line: bytes) -> Json:
    """Read a line that was looked at before, and change nothing of what is to be sent again."""
    try:
        found: Json = strict_json.loads_verbatim(line)
    except CodecError as error:  # pragma: no cover - the file was changed while it was read
        raise RecordingError(str(error)) from None
    return found


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
