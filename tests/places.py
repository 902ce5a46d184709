"""Where an actuator stands in a daemon: what it is made with in tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shadowmon.actuators.actuator import Place
from shadowmon.clock import SystemClock
from shadowmon.ipc.board import Board
from shadowmon.records import ModelName, RouteName, TrialId
from tests.factories import NOON


class StandingClock:
    """A clock that stands still until it is moved, or slept by."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """See `Clock.now`."""
        return NOON

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        self.slept.append(seconds)
        self.seconds += seconds


def a_place(**changes: Any) -> Place:
    """Return the place of trial int8; any field may be named."""
    given: dict[str, Any] = {
        "trial_id": TrialId("int8"),
        "number": 0,
        "route": RouteName("chat"),
        "baseline": ModelName("fp16"),
        "optimized": ModelName("int8"),
        "clock": SystemClock(),
    }
    board = changes.pop("board", None) or Board.create()
    return Place(**(given | {"board": board} | changes))
