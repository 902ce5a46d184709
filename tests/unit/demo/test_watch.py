"""How the story follows a daemon that is slow, silent, or takes longer than usual."""

from __future__ import annotations

import io

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from rich.console import Console

from shadowmon.demo.journal import Line
from shadowmon.demo.processes import DemoError, Processes
from shadowmon.demo.screen import Screen
from shadowmon.demo.watch import SILENCE_SECONDS, SLOW_FACTOR, Watch


class Clock:
    """A clock on which only waiting takes time."""

    def __init__(self):
        self.time = datetime.fromtimestamp(0, UTC)

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)


class Api:
    """A daemon that fails as often as told, and each time has one more line."""

    def __init__(self, *, failures=0, error=TimeoutError):
        self.failures = failures
        self.error = error
        self.read = 0

    async def new_lines(self):
        self.read += 1
        moment = datetime.fromtimestamp(self.read, UTC)
        return [Line(number=self.read, at=moment, trial="int8", kind="operation", sentence="did")]

    async def status(self):
        if self.failures:
            self.failures -= 1
            raise self.error
        return {"funnel": {"seen": self.read}}

    async def trials(self):
        return {"trials": []}


@pytest.fixture
def stream():
    """Give what a person would read."""
    return io.StringIO()


@pytest.fixture
def watching(tmp_path, stream):
    """`watching(api)` is a watch of that daemon."""
    screen = Screen(Console(file=stream, width=200), live=False)
    return lambda api: Watch(api, Processes(tmp_path), screen, Clock())


@pytest.mark.parametrize("error", [TimeoutError, aiohttp.ServerDisconnectedError])
async def test_slow_daemon_is_asked_again(watching, stream, error):
    """A call that fails is made again, the console says so, and no line of the journal is lost."""
    watch = watching(Api(failures=2, error=error))

    await watch.look()

    assert stream.getvalue().count("it is asked again") == 2
    assert [line.number for line in watch.lines] == [1, 2, 3]
    assert watch.funnel == {"seen": 3}


async def test_silent_daemon_is_given_up(watching):
    """After a minute without an answer the demo says what it waited for, and stops."""
    watch = watching(Api(failures=1_000_000))

    with pytest.raises(DemoError, match=r"answered nothing for \d+ s: TimeoutError"):
        await watch.look()

    assert watch.clock.monotonic() == pytest.approx(SILENCE_SECONDS, abs=1)


async def test_time_that_is_up_is_told(watching):
    """What never comes is waited for as long as was asked, and no longer."""
    watch = watching(Api())

    assert not await watch.until(lambda: False, seconds=5)
    assert watch.clock.monotonic() == pytest.approx(5, abs=1)


async def test_what_takes_longer_than_usual_is_waited_for(watching, stream):
    """Past the usual time a note says how long is waited, and what comes by then is in time."""
    watch = watching(Api())

    assert await watch.until_at_last(
        lambda: watch.clock.monotonic() >= 12, what="The climb", seconds=5
    )
    assert "The climb usually takes less than 5 s: waiting up to 20 s." in stream.getvalue()


async def test_what_comes_in_its_usual_time_needs_no_note(watching, stream):
    """Nothing is said where nothing is slow."""
    watch = watching(Api())

    assert await watch.until_at_last(lambda: bool(watch.lines), what="The climb", seconds=5)
    assert "usually" not in stream.getvalue()


async def test_what_never_comes_is_given_up(watching):
    """Even a slow machine does not get more than a few times the usual time."""
    watch = watching(Api())

    assert not await watch.until_at_last(lambda: False, what="The climb", seconds=5)
    assert watch.clock.monotonic() == pytest.approx(5 * SLOW_FACTOR, abs=1)
