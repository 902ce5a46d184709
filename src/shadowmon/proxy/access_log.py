"""
One line of JSON for each request, written off the users' path.

A request's end only appends to a list. Now and then the list goes to a thread, which makes lines of
it and appends them to the file in one write; a file system that hangs holds up the thread only.

Rule 1: no body, no header, no query; and what the redaction patterns match is not written either,
        whether it came percent-encoded or not. A method that HTTP does not know is a stranger's
        word, and is not written.
Rule 2: bounded: while too many lines wait, further ones are dropped and counted.
Rule 3: the file is opened for each write, so that it may be moved away at any time (logrotate), and
        only whole lines are appended, so that all workers share it.
"""

from __future__ import annotations

import os
import queue
import re
import threading

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec

from shadowmon.proxy.plan import PlannedLog


REDACTED = "[redacted]"
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
)
"""RFC 9110 section 9, and RFC 5789. Any other one is written as OpenTelemetry does: `_OTHER`."""
OTHER_METHOD = "_OTHER"
PATH_MAX = 2_048
"""Characters of a path that are written: one request cannot fill the disk."""
NOT_REFUSED = (0, "")
"""Status and reason where we gave no answer of our own."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one request."""

    at: float
    """Seconds since the epoch, when its head was whole."""
    worker: int
    id: str
    route: str
    method: str
    path: str
    """Without the query."""
    model: str
    """Who was asked last."""
    status: int
    """What it said; 0: nothing."""
    ending: str
    """How the answer ended; `refused`: there was a refusal of ours, and no model was asked."""
    refused: int = 0
    """The status of a refusal of ours; 0: there was none."""
    reason: str = ""
    """Of a refusal: our own words, and nothing of what was sent."""
    fell_back: bool
    seconds: float
    first_byte_seconds: float | None


def refused_line(
    *, at: float, worker: int, refused: int, reason: str, method: str = "", path: str = ""
) -> Line:
    """
    Return the line of a request that went no further than us.

    Args:
        at: Seconds since the epoch.
        worker: Whose line it is.
        refused: HTTP status of our answer.
        reason: Our words.
        method: Empty if the head could not be read: what is no HTTP may be anything, a secret too.
        path: Likewise; without the query.

    """
    return Line(
        at=at,
        worker=worker,
        id="",
        route="",
        method=method,
        path=path,
        model="",
        status=0,
        ending="refused",
        refused=refused,
        reason=reason,
        fell_back=False,
        seconds=0.0,
        first_byte_seconds=None,
    )


class AccessLog:
    """One worker's lines, on their way to the file."""

    def __init__(self, plan: PlannedLog, on_drop: Callable[[int], None]) -> None:
        """
        Begin; nothing is opened before there is something to write.

        Args:
            plan: Where to, and how much may wait.
            on_drop: Called with the number of lines that are lost.

        """
        self._path = plan.path
        self._most = plan.waiting_max
        self._patterns = [re.compile(pattern) for pattern in plan.patterns]
        self._on_drop = on_drop
        self._lines: list[Line] = []
        self._batches: queue.SimpleQueue[list[Line] | None] = queue.SimpleQueue()
        self._writing = 0
        """Lines that the thread has and has not written; it alone lowers it."""
        self._lost = 0
        """Lines that could not be written; the thread raises it, `flush` tells of it."""
        self._told = 0
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def note(self, line: Line) -> None:
        """Take a line; it is written a moment later."""
        if len(self._lines) + self._writing >= self._most:
            self._on_drop(1)
        else:
            self._lines.append(line)

    def flush(self) -> None:
        """Hand over to the thread what has come together."""
        lines, self._lines = self._lines, []
        if lines:
            self._writing += len(lines)
            self._batches.put(lines)
        if self._lost > self._told:
            lost, self._told = self._lost - self._told, self._lost
            self._on_drop(lost)

    def close(self, *, within_seconds: float) -> None:
        """Write what is left, if that is soon done."""
        self.flush()
        self._batches.put(None)
        self._thread.join(within_seconds)

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            try:
                self._append(b"".join(map(self._text, batch)))
            except OSError:
                self._lost += len(batch)
            self._writing -= len(batch)

    def _append(self, text: bytes) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            while text:
                text = text[os.write(fd, text) :]
        finally:
            os.close(fd)

    def _text(self, line: Line) -> bytes:
        told = msgspec.structs.asdict(line)
        told["at"] = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds")
        if line.method and line.method not in METHODS:
            told["method"] = OTHER_METHOD
        told["id"] = self._redacted(line.id)
        told["path"] = self._redacted(line.path)[:PATH_MAX]
        return msgspec.json.encode(told) + b"\n"

    def _redacted(self, text: str) -> str:
        """Take out what no log may hold; where that is percent-encoded, the whole is decoded."""
        shown = self._without(text)
        if "%" not in shown:
            return shown
        decoded = unquote(shown)
        clean = self._without(decoded)
        return shown if clean == decoded else clean

    def _without(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text
