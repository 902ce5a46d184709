"""
Where a replay writes its pairs, and what it has to remember to go on after a stop of any kind.

The pairs themselves say which requests are done. Beside them lies a small file, `NAME.state`: which
recording and which models they are of, and the requests that were sent and became no pair.

Rule 1: a pair is written whole, with one write, before it counts as done; a line that was cut by a
kill is cut off when the replay goes on, and its request is sent again.
Rule 2: a request that is done is not sent again.
Rule 3: pairs of another recording, or of other models, are never added to.
Rule 4: once all is done nothing is left but the pairs.
"""

from __future__ import annotations

import fcntl
import json
import os

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from shadowmon.errors import RefusedError


FORMAT = "shadowmon replay state 1"

_PRIVATE = 0o600
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the pairs are of."""

    trial: str
    baseline: str
    optimized: str
    recording: str
    """Its fingerprint."""


class PairsFile:
    """Takes pairs; one process at a time."""

    def __init__(self, path: Path, about: About, *, resume: bool) -> None:
        """
        Open it; close it with `close`.

        Args:
            path: Of the pairs.
            about: What they are of.
            resume: Go on with what is there; else nothing may be there.

        Raises:
            RefusedError: If it is there already, or is not there, or is of something else, or is
                being written by another process.

        """
        self.path = path
        self.state_path = path.with_name(f"{path.name}.state")
        self._about = about
        self._done: set[bytes] = set()
        self._spent: dict[str, str] = {}
        if not resume and path.exists() and path.stat().st_size:
            msg = f"{path}: is there already; go on with it by --resume, or name another file"
            raise RefusedError(msg)
        if resume:
            self._learn()
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keep()
        except BlockingIOError:
            os.close(self._fd)
            msg = f"{path}: another replay is writing it"
            raise RefusedError(msg) from None
        except OSError as error:
            raise _unwritable(path, error) from None

    # --- what is there ---

    def lines(self) -> Iterator[bytes]:
        """Return the whole lines that are there, and forget a last one that was cut."""
        end = 0
        with os.fdopen(os.dup(self._fd), "rb") as file:
            file.seek(0)
            for line in file:
                if line.endswith(b"\n"):
                    end += len(line)
                    yield line
        os.ftruncate(self._fd, end)
        os.lseek(self._fd, 0, os.SEEK_END)

    def is_done(self, name: str) -> bool:
        """Is there a pair of this request, or is it known that it became none?"""
        return _digest(name) in self._done

    def spent(self) -> dict[str, str]:
        """Return the requests that were sent before and became no pair, each with the reason."""
        return dict(self._spent)

    # --- what comes ---

    def know(self, name: str) -> None:
        """Take note that there is a pair of this request."""
        self._done.add(_digest(name))

    def add(self, name: str, line: bytes) -> None:
        """
        Write a pair.

        Raises:
            RefusedError: If it cannot be written.

        """
        try:
            if os.write(self._fd, line) != len(line):
                msg = f"{self.path}: cannot be written: there is no room"
                raise RefusedError(msg)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        self.know(name)

    def spend(self, name: str, reason: str) -> None:
        """Take note that a request was sent and became no pair."""
        self.know(name)
        self._spent[name] = reason
        try:
            self._keep()
        except OSError as error:
            raise _unwritable(self.state_path, error) from None

    def close(self, *, finished: bool) -> None:
        """Close it; with everything done the state is not needed any more."""
        os.fsync(self._fd)
        os.close(self._fd)
        if finished:
            self.state_path.unlink(missing_ok=True)

    # --- the state ---

    def _learn(self) -> None:
        try:
            told = json.loads(self.state_path.read_text(encoding="utf-8"))
            about, spent = told["about"], told["spent"]
            is_ours = told["format"] == FORMAT and isinstance(spent, dict)
        except OSError as error:
            why = "there is nothing to go on with" if not self.path.exists() else "all is done"
            msg = f"{self.state_path}: {error.strerror}: {why}"
            raise RefusedError(msg) from None
        except (ValueError, TypeError, KeyError):
            is_ours, about, spent = False, {}, {}
        if not is_ours:
            msg = f"{self.state_path}: is no state of a replay"
            raise RefusedError(msg)
        for key, value in asdict(self._about).items():
            if about.get(key) != value:
                msg = f"{self.path}: its pairs are of another {key}; name another file"
                raise RefusedError(msg)
        self._spent = spent
        self._done = set(map(_digest, spent))

    def _keep(self) -> None:
        told: dict[str, Any] = {
            "format": FORMAT,
            "about": asdict(self._about),
            "spent": self._spent,
        }
        new = self.state_path.with_name(f"{self.state_path.name}.new")
        new.write_text(json.dumps(told) + "\n", encoding="utf-8")
        new.replace(self.state_path)


def _digest(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "replace"), digest_size=16).digest()


def _unwritable(path: Path, error: OSError) -> RefusedError:
    return RefusedError(f"{path}: cannot be written: {error.strerror}")
