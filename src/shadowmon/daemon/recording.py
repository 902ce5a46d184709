"""
A recording's files, opened: indexed once, and then read request by request.

Rule 1: no file is held in memory, but for an HTTP archive, which is one JSON document. What is
compressed, and an archive's entries, go through a temporary file without a name.
Rule 2: whatever cannot be used is told with its file and its number, and counted.
"""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from shadowmon.errors import RefusedError
from shadowmon.traffic.recordings import formats, har
from shadowmon.traffic.recordings.index import Index, Place, Slot, fingerprint
from shadowmon.traffic.recordings.lines import LINE_MAX
from shadowmon.traffic.recordings.recording import Format, RecordedRequest, RecordingError


Refuse = Callable[[str, str, int], None]
"""Takes a problem, a file's name and a record's number."""

CHANGED = "the recording changed while it was read"
CUT = "the file ends in the middle of its compression"

_CHUNK = 1024 * 1024
_ARCHIVE_MAX = 512 * 1024 * 1024
TOO_LARGE = f"an archive is held in memory, and this one is larger than {_ARCHIVE_MAX} bytes"
_BEGINNING = 4096
_GZIP = b"\x1f\x8b"
_BROKEN = (OSError, EOFError, zlib.error)
"""What reading a file may raise, compressed ones included."""


def recognised(path: str) -> str | None:
    """
    Say which format a file has: one of `formats.TRAFFIC`, `formats.PAIRS`, or None: nothing tells.

    Raises:
        RefusedError: If it cannot be read.

    """
    try:
        with _opened(path) as file:
            beginning = file.read(_BEGINNING)
        with _opened(path) as file:
            return formats.recognised(beginning, iter(lambda: file.readline(LINE_MAX), b""))
    except _BROKEN as error:
        raise _unreadable(path, error) from None


class Recording:
    """All files of a recording. `with` closes them."""

    def __init__(self, paths: Sequence[str], name: str, reader: Format, *, refuse: Refuse) -> None:
        """
        Index the files.

        Args:
            paths: The files.
            name: Of their format, one of `formats.TRAFFIC`.
            reader: Its reader.
            refuse: Is told of what cannot be used.

        Raises:
            RefusedError: If a file cannot be read at all.

        """
        self._paths = paths
        self._name = name
        self._reader = reader
        self._refuse = refuse
        self._files: list[BinaryIO] = []
        index = Index(self._tell)
        with ExitStack() as opening:
            for place, known_as in enumerate(_names(paths)):
                file = opening.enter_context(self._seekable(place))
                self._files.append(file)
                for part in reader.parts(_chunks(file), name=known_as):
                    index.add(place, part)
            self.slots: list[Slot] = index.slots()
            self.fingerprint = fingerprint(self.slots)
            self._closing = opening.pop_all()

    def __enter__(self) -> Self:
        """Nothing more has to be opened."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self._closing.__exit__(kind, error, trace)

    def read(self, slot: Slot) -> RecordedRequest:
        """
        Read one request.

        Raises:
            RecordingError: If it cannot be used.

        """
        return self._reader.read({kind: self._piece(place) for kind, place in slot.places.items()})

    def refuse(self, problem: str, slot: Slot) -> None:
        """Tell that a request cannot be used."""
        self._tell(problem, slot.first.file, slot.first.number)

    def _tell(self, problem: str, file: int, number: int) -> None:
        self._refuse(problem, self._paths[file], number)

    def _piece(self, place: Place) -> bytes:
        file = self._files[place.file]
        file.seek(place.offset)
        piece = file.read(place.length)
        if len(piece) != place.length:
            raise RecordingError(CHANGED)
        return piece

    def _seekable(self, place: int) -> BinaryIO:
        """Open a file so that any part of it can be read at any time."""
        path = self._paths[place]
        try:
            if self._name != formats.HAR and not _is_compressed(path):
                return Path(path).open("rb")
            spool = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - whoever calls closes it
            self._fill(spool, place)
        except OSError as error:
            raise _unreadable(path, error) from None
        spool.seek(0)
        return spool

    def _fill(self, spool: BinaryIO, place: int) -> None:
        with _opened(self._paths[place]) as file:
            if self._name == formats.HAR:
                try:
                    spool.writelines(har.entries(_document(file)))
                except RecordingError as error:
                    self._tell(str(error), place, 1)
                return
            try:
                spool.writelines(_chunks(file))
            except (EOFError, gzip.BadGzipFile, zlib.error):
                self._tell(CUT, place, 1)


def _names(paths: Sequence[str]) -> Sequence[str]:
    """Return what the files are called in the ids of their records."""
    short = [Path(path).name for path in paths]
    return short if len(set(short)) == len(short) else paths


def _opened(path: str) -> BinaryIO:
    """Open a file, past its compression; several members (GoReplay appends) are read as one."""
    is_compressed = _is_compressed(path)
    return cast("BinaryIO", gzip.open(path)) if is_compressed else Path(path).open("rb")


def _is_compressed(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def _document(file: BinaryIO) -> bytes:
    document = file.read(_ARCHIVE_MAX + 1)
    if len(document) > _ARCHIVE_MAX:
        raise RecordingError(TOO_LARGE)
    return document


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    # Not read(): where a compression is damaged it would lose what came before in the same piece.
    read = cast("io.BufferedReader", file).read1
    return iter(lambda: read(_CHUNK), b"")


def _unreadable(path: str, error: Exception) -> RefusedError:
    return RefusedError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")
