"""Files of one JSON object a line, however their bytes are cut; a line is held, never a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from shadowmon.errors import CodecError
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.recordings.recording import (
    Kind,
    Part,
    RecordedRequest,
    RecordingError,
    Unusable,
)


LINE_MAX = 64 * 1024 * 1024
"""Bytes of a line; what is longer is refused without being held."""

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


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A format of one JSON object a line; see `recording.Format`."""

    describe: Callable[[Json], Described]
    """Says what a line is, or raises `RecordingError`."""
    read: Callable[[Mapping[Kind, bytes]], RecordedRequest]
    """See `Format.read`."""

    def parts(self, chunks: Iterable[bytes], *, name: str) -> Iterator[Part | Unusable]:
        """See `Format.parts`."""
        for line in lines(chunks):
            if line.text is None or line.text.strip():
                yield self._part(line, name)

    def _part(self, line: Line, name: str) -> Part | Unusable:
        if line.text is None:
            problem = f"a line is longer than {LINE_MAX} bytes"
            return Unusable(number=line.number, problem=problem)
        try:
            told = self.describe(json_object(line.text))
        except RecordingError as error:
            return Unusable(number=line.number, problem=str(error))
        return Part(
            key=f"{name}:{line.number}" if told.key is None else told.key,
            kinds=told.kinds,
            at=told.at,
            number=line.number,
            offset=line.offset,
            length=line.length,
        )


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
