"""The end of a tunnel at the model server's: it is closed in time, and then left alone."""

from __future__ import annotations

import asyncio

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from shadowmon.proxy.tunnel import _ModelEnd


class Timer:
    """What was to be done later."""

    def __init__(self, todo: Callable[[], object]) -> None:
        self.todo: Callable[[], object] | None = todo

    def cancel(self) -> None:
        self.todo = None


class Loop:
    """An event loop that waits for nothing."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, _seconds: float, todo: Callable[[], object]) -> Timer:
        self.timers.append(Timer(todo))
        return self.timers[-1]

    def let_time_pass(self) -> None:
        for timer in self.timers:
            if timer.todo:
                timer.todo()


class Transport(asyncio.Transport):
    """A connection; like asyncio's own it cannot be aborted once it has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.has_ended = False
        self.aborted = False
        self.closing = False

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        assert not self.has_ended
        self.aborted = True


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def end(loop: Loop, transport: Transport) -> _ModelEnd:
    station: Any = SimpleNamespace(loop=loop)
    return _ModelEnd(station, transport, 0)


def test_a_model_server_that_takes_too_long_is_cut(end, loop, transport):
    """What is on its way to it may take a moment, and no longer."""
    end.close()
    assert (transport.closing, transport.aborted) == (True, False)

    loop.let_time_pass()

    assert transport.aborted


def test_a_connection_that_ended_in_time_is_left_alone(end, loop, transport):
    """The timer that would have cut it is called off: there is nothing to cut any more."""
    end.close()
    transport.has_ended = True
    end.connection_lost(None)

    loop.let_time_pass()

    assert not transport.aborted


def test_a_connection_that_ends_by_itself_needs_no_timer(end, loop, transport):
    """It is the model server that went first."""
    transport.has_ended = True
    end.connection_lost(None)

    assert loop.timers == []
