"""Two functions in one place: the baseline's caller never notices the other."""

from __future__ import annotations

import asyncio
import threading

from typing import Any

import pytest

from shadowmon.sdk import Observer, experiment
from tests.integration.sdk.receivers import receiving


class Watching(Observer):
    """An observer that keeps what it is told, and sends nothing."""

    def __init__(self, **given: Any) -> None:
        super().__init__("http://127.0.0.1:1", "int8", **given)
        self.told: list[tuple[Any, ...]] = []
        self.came = threading.Semaphore(0)

    def observe(self, request: Any, baseline: Any, optimized: Any, **more: Any) -> None:
        self.told.append((request, baseline, optimized, more))
        self.came.release()


def shout(text: str) -> str:
    """The optimized one."""
    return text.upper()


@pytest.mark.parametrize("run", ["background", "after"])
def test_the_caller_gets_the_baselines_answer(run):
    """And the observer gets both, with the times that they took."""
    observer = Watching()

    @experiment(observer, optimized=shout, run=run, user=lambda text: f"user of {text}")
    def say(text: str) -> str:
        """Say it."""
        return text

    assert say("hello") == "hello"
    assert observer.came.acquire(timeout=5)
    ((request, baseline, optimized, more),) = observer.told
    assert (request, baseline, optimized) == ("hello", {"text": "hello"}, "HELLO")
    assert more["user"] == "user of hello"
    assert more["baseline_seconds"] >= 0
    assert say.__doc__ == "Say it."


@pytest.mark.parametrize("run", ["background", "after"])
def test_the_optimized_ones_trouble_is_nobodys(run):
    """What it raises is its answer."""
    observer = Watching()

    def fail(_: str) -> str:
        raise TimeoutError

    say = experiment(observer, optimized=fail, run=run)(str.lower)

    assert say("A") == "a"
    assert observer.came.acquire(timeout=5)
    assert isinstance(observer.told[0][2], TimeoutError)


def test_the_baselines_trouble_is_its_callers():
    """It raises as it would without us, and the pair tells of it."""
    observer = Watching()

    @experiment(observer, optimized=shout, run="after")
    def fail(text: str) -> str:
        raise KeyError(text)

    with pytest.raises(KeyError, match="a"):
        fail("a")
    assert observer.told[0][1:3] == ({"outcome": "error"}, "A")


@pytest.mark.parametrize("broken", ["request", "id", "user"])
def test_what_the_experiment_was_given_may_be_broken(broken):
    """The caller does not notice; it is counted."""
    observer = Watching()

    def break_off(*_: Any) -> str:
        raise RuntimeError

    given: dict[str, Any] = {broken: break_off}
    say = experiment(observer, optimized=shout, run="after", **given)(str.lower)

    assert say("A") == "a"
    assert observer.counts == {"dropped_unsendable": 1}
    assert observer.told == []


def test_only_sampled_pairs_cost_a_run():
    """The optimized one is not called for the others."""
    observer = Watching(sample_rate=0.0)
    calls: list[str] = []
    say = experiment(observer, optimized=calls.append, run="after")(str.lower)

    say("A")

    assert (calls, observer.told, observer.counts) == ([], [], {"sampled_out": 1})


def test_runs_at_one_time_are_bounded():
    """What is beyond is not run, and counted; the caller does not wait."""
    observer, may_end = Watching(), threading.Event()

    def wait(text: str) -> str:
        may_end.wait(10)
        return text

    say = experiment(observer, optimized=wait, pending_max=2)(str.lower)
    for _ in range(10):
        say("A")
    may_end.set()

    assert observer.counts == {"dropped_busy": 8}
    assert all(observer.came.acquire(timeout=5) for _ in range(2))


def test_an_answer_is_told_as_it_was_returned():
    """The caller changes its own object while the optimized one is still at it."""
    observer, may_end = Watching(), threading.Event()

    def wait(_: str) -> dict[str, int]:
        may_end.wait(10)
        return {"a": 1}

    said = experiment(observer, optimized=wait)(lambda _: {"a": 1})("q")
    said["a"] = 2
    may_end.set()

    assert observer.came.acquire(timeout=5)
    assert observer.told[0][1] == {"fields": {"a": 1}}


@pytest.mark.parametrize("run", ["background", "after"])
async def test_coroutines(run):
    """The caller gets the baseline's answer; in the background it does not wait for the other."""
    observer, may_end = Watching(), asyncio.Event()

    async def shout_later(text: str) -> str:
        await may_end.wait()
        return text.upper()

    @experiment(observer, optimized=shout_later, run=run)
    async def say(text: str) -> str:
        return text

    if run == "after":
        may_end.set()
    assert await asyncio.wait_for(say("a"), 5) == "a"
    assert len(observer.told) == (run == "after")
    may_end.set()
    async with asyncio.timeout(5):
        while not observer.told:
            await asyncio.sleep(0.005)
    assert observer.told[0][:3] == ("a", {"text": "a"}, "A")


async def test_a_coroutine_that_takes_too_long_has_timed_out():
    """It is given up, and its place is free again."""
    observer = Watching()

    async def hang(_: str) -> str:
        await asyncio.sleep(60)
        return ""

    @experiment(observer, optimized=hang, run="after", timeout_seconds=0.05, pending_max=1)
    async def say(text: str) -> str:
        return text

    assert [await say("a"), await say("b")] == ["a", "b"]
    assert [type(told[2]) for told in observer.told] == [TimeoutError, TimeoutError]


async def test_a_callers_cancellation_passes_through():
    """Whoever is cancelled is cancelled, in the baseline too."""
    observer = Watching()

    async def never(_: str) -> str:
        raise AssertionError

    @experiment(observer, optimized=never)
    async def hang(text: str) -> str:
        await asyncio.sleep(60)
        return text

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hang("a"), 0.05)
    assert observer.told == []


async def test_nobodys_loop_is_blocked():
    """Telling from a coroutine leaves the loop alone, even if nobody takes anything."""
    observer = Observer("http://127.0.0.1:1", "int8", lines_max=100)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        turning = tasks.create_task(turn())
        for _ in range(200):
            observer.observe("Why?", "a", "b")
            await asyncio.sleep(0)
        turning.cancel()
    observer.close(0)

    assert turns >= 200


def test_both_must_be_of_one_kind():
    """A function beside a coroutine function is a mistake, told where it is made."""

    async def later(text: str) -> str:
        return text

    with pytest.raises(TypeError, match="coroutine"):
        experiment(Watching(), optimized=later)(str.lower)
    with pytest.raises(ValueError, match="before"):
        experiment(Watching(), optimized=shout, run="before")


def test_pairs_of_an_experiment_arrive():
    """From the decorated call to the server's line."""
    with receiving() as server:
        observer = Observer(server.url, "int8")
        say = experiment(observer, optimized=shout, run="after", id=lambda text: f"q-{text}")
        say(str.lower)("A")
        assert observer.flush(5)
        observer.close(0)

    assert server.lines[0]["id"] == "q-A"
    assert server.lines[0]["optimized"]["text"] == "A"
