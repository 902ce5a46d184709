"""
GoReplay's files (`--output-file`), as its sources write them (protocol.go, output_file.go).

A record is a line `TYPE ID TIMING [LATENCY]`, a raw HTTP message, and a separator line of three
monkeys. Types: 1 request, 2 production's response, 3 the response to the replayed request, which
is taken for the optimized model's. All of one request share an id.

Traps, each with a test:

- TIMING is the moment the message began, in nanoseconds since the epoch, and LATENCY how long it
  took to pass; older versions leave LATENCY out, and give a response's TIMING as the time that it
  took: 1970 would be its year
- a record of type 3 has the replay's clock: its LATENCY is the whole time
- records are not in the order of their times, and responses may come first
- ids do not always meet (responses on kept connections): such are counted
- GoReplay itself loses a record without a separator after it; here it is read, if it is whole
- a body that holds the separator cannot be told from two records: both halves are refused
"""

from __future__ import annotations

import re

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from shadowmon.traffic.recordings.http_message import read_request, read_response
from shadowmon.traffic.recordings.recording import (
    Kind,
    Part,
    RecordedAnswer,
    RecordedRequest,
    RecordingError,
    Unusable,
)


SEPARATOR = "\n🐵🙈🙉\n".encode()
"""GoReplay's `payloadSeparator`."""

RECORD_MAX = 64 * 1024 * 1024
"""Bytes of a record; what is larger is refused without being held."""

_META = re.compile(rb"(\S) (\S+) (-?\d{1,19})(?: (-?\d{1,19}))?(?: [^\n]*)?")
_META_MAX = 512
_KINDS = {b"1": Kind.REQUEST, b"2": Kind.BASELINE, b"3": Kind.OPTIMIZED}
_NANOSECONDS = 1e9
_MOMENT_FROM = 10**15
"""Nanoseconds that are no duration any more: eleven days, or a moment in January 1970."""

NO_META = "its first line is none of GoReplay's: TYPE ID TIMING LATENCY"
TOO_LARGE = f"a record is larger than {RECORD_MAX} bytes"


class Meta(NamedTuple):
    """A record's first line."""

    kind: Kind
    id: str
    timing: int
    latency: int | None


class Framed(NamedTuple):
    """Where a record lies, and its beginning."""

    offset: int
    length: int
    beginning: bytes


def is_record(beginning: bytes) -> bool:
    """Does a file begin as GoReplay's do?"""
    found = _META.fullmatch(beginning.partition(b"\n")[0])
    return found is not None and found[1] in _KINDS


class Framing:
    """Cuts a file into its records, however its bytes come; no record is ever held."""

    def __init__(self) -> None:
        self._start = 0
        """Where the present record begins."""
        self._end = 0
        """Where the bytes end that came."""
        self._beginning = b""
        self._tail = b""
        """The present record's last bytes, in which a separator may have begun."""

    def feed(self, chunk: bytes) -> Iterator[Framed]:
        """Take bytes in, and return the records that end in them."""
        data = self._tail + chunk
        base = self._end - len(self._tail)
        self._end += len(chunk)
        self._note(data, base)
        place = 0
        while (found := data.find(SEPARATOR, place)) >= 0:
            length = base + found - self._start
            yield Framed(self._start, length, self._beginning[:length])
            place = found + len(SEPARATOR)
            self._start, self._beginning = base + place, b""
            self._note(data, base)
        self._tail = data[max(place, len(data) - len(SEPARATOR) + 1) :]

    def close(self) -> Iterator[Framed]:
        """Say that the file ended, and return the record that no separator ended."""
        length = self._end - self._start - len(self._cut_separator())
        if self._beginning[:length].strip():
            yield Framed(self._start, length, self._beginning[:length])

    def _note(self, data: bytes, base: int) -> None:
        known = self._start + len(self._beginning)
        more = data[known - base : self._start + _META_MAX - base]
        self._beginning += more

    def _cut_separator(self) -> bytes:
        for size in range(len(SEPARATOR) - 1, 1, -1):
            if self._tail.endswith(SEPARATOR[:size]):
                return SEPARATOR[:size]
        return b""


class GoReplay:
    """See `recording.Format`."""

    def parts(self, chunks: Iterable[bytes], *, name: str) -> Iterator[Part | Unusable]:
        """See `Format.parts`; every record has an id, so the name is not needed."""
        del name
        for number, framed in enumerate(_framed(chunks), start=1):
            meta = read_meta(framed.beginning)
            if meta is None:
                yield Unusable(number=number, problem=NO_META)
            elif framed.length > RECORD_MAX:
                yield Unusable(number=number, problem=TOO_LARGE)
            else:
                yield Part(
                    key=meta.id,
                    kinds=(meta.kind,),
                    at=meta.timing / _NANOSECONDS if meta.kind is Kind.REQUEST else None,
                    number=number,
                    offset=framed.offset,
                    length=framed.length,
                )

    def read(self, pieces: Mapping[Kind, bytes]) -> RecordedRequest:
        """See `Format.read`."""
        asked, message = _taken_apart(pieces[Kind.REQUEST])
        request = read_request(message)
        return RecordedRequest(
            method=request.method,
            target=request.target,
            headers=request.headers,
            body=request.body,
            baseline=_answer(pieces.get(Kind.BASELINE), asked, request.method),
            optimized=_answer(pieces.get(Kind.OPTIMIZED), asked, request.method),
        )


def read_meta(record: bytes) -> Meta | None:
    """Read a record's first line; None if it is none."""
    found = _META.fullmatch(record.partition(b"\n")[0].rstrip(b"\r"))
    if found is None or found[1] not in _KINDS:
        return None
    return Meta(
        kind=_KINDS[found[1]],
        id=found[2].decode("utf-8", "replace"),
        timing=int(found[3]),
        latency=None if found[4] is None else int(found[4]),
    )


def _framed(chunks: Iterable[bytes]) -> Iterator[Framed]:
    framing = Framing()
    for chunk in chunks:
        yield from framing.feed(chunk)
    yield from framing.close()


def _taken_apart(record: bytes) -> tuple[Meta, bytes]:
    meta = read_meta(record)
    if meta is None:  # pragma: no cover - the file was changed while it was read
        raise RecordingError(NO_META)
    return meta, record.partition(b"\n")[2]


def _answer(record: bytes | None, asked: Meta, method: str) -> RecordedAnswer | None:
    if record is None:
        return None
    meta, message = _taken_apart(record)
    try:
        response = read_response(message, method=method)
    except RecordingError as error:
        msg = f"the answer that was recorded cannot be used: {error}"
        raise RecordingError(msg) from None
    seconds, first_byte_seconds = _durations(meta, asked)
    return RecordedAnswer(
        status=response.status,
        headers=response.headers,
        body=response.body,
        seconds=seconds,
        first_byte_seconds=first_byte_seconds,
    )


def _durations(meta: Meta, asked: Meta) -> tuple[float | None, float | None]:
    """Return how long an answer took, and its first byte; None where nothing tells."""
    if abs(meta.timing) < _MOMENT_FROM:  # as older versions write it: the time it took
        return _positive(meta.timing), None
    if meta.kind is Kind.OPTIMIZED:
        return _positive(meta.latency or 0), None
    waited = meta.timing - asked.timing
    if waited < 0:
        return None, None
    return _positive(waited + max(0, meta.latency or 0)), _positive(waited)


def _positive(nanoseconds: int) -> float | None:
    return nanoseconds / _NANOSECONDS if nanoseconds > 0 else None
