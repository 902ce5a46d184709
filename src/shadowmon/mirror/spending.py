"""
What the scoring workers spent on this day, in a small file that they share.

Each adds what it spent since the last time, and reads what all of them spent: so a day's cap holds
for the whole daemon, and outlives every process of it. Between two times a worker does not know
what its neighbours spend; by so much a cap may be passed.

The file holds models' names and sums, nothing else. If it cannot be used the caps hold for each
worker and for its lifetime, and the log says so once.
"""

from __future__ import annotations

import fcntl
import json
import os

from datetime import date
from pathlib import Path
from typing import Any

import structlog

from shadowmon.clock import Clock
from shadowmon.mirror.budget import Day, Spent
from shadowmon.records import ModelName


log = structlog.get_logger()

_FILE_MAX = 1024 * 1024


class Spending:
    """Keeps a day's sums and the file in step."""

    def __init__(self, day: Day, path: Path, clock: Clock) -> None:
        """
        Args:
            day: This process' sums.
            path: The file; its folder exists.
            clock: Tells the date.

        """
        self._day = day
        self._path = path
        self._clock = clock
        self._has_complained = False

    def share(self) -> None:
        """Add our sums to the file's and take over what it says. Never raises."""
        today = self._clock.now().date()
        self._day.turn_to(today)
        try:
            self._share(today)
        except OSError as error:
            if not self._has_complained:
                self._has_complained = True
                log.warning("mirror.spending_not_shared", path=str(self._path), error=str(error))

    def _share(self, today: date) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            sums = _read(os.pread(fd, _FILE_MAX, 0), today)
            for model, spent in self._day.ours.items():
                sums[model] = sums.get(model, Spent()) + spent
            written = _written(sums, today)
            os.pwrite(fd, written, 0)
            os.ftruncate(fd, len(written))
        finally:
            os.close(fd)
        self._day.told, self._day.ours = sums, {}


def _read(content: bytes, today: date) -> dict[ModelName, Spent]:
    """Read the sums of this day; none if the file is of another day, or is none of ours."""
    try:
        told = json.loads(content) if content else {}
        if told.get("day") != today.isoformat():
            return {}
        return {ModelName(name): _spent(each) for name, each in told["models"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _spent(told: dict[str, Any]) -> Spent:
    return Spent(tokens=int(told["tokens"]), money=float(told["money"]))


def _written(sums: dict[ModelName, Spent], today: date) -> bytes:
    models = {name: {"tokens": each.tokens, "money": each.money} for name, each in sums.items()}
    return json.dumps({"day": today.isoformat(), "models": models}).encode()
