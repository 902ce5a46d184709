"""Telling of pairs, to servers of every kind, without a caller ever noticing."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shadowmon.sdk import Observer
from tests.integration.sdk.receivers import babbling, hanging, receiving
from tests.ports import free_port


@contextmanager
def observing(url: str, **given: Any) -> Iterator[Observer]:
    """An observer that is closed at the block's end."""
    observer = Observer(url, "int8", **({"timeout_seconds": 0.3} | given))
    try:
        yield observer
    finally:
        observer.close(0)


def test_pairs_arrive_whole_and_in_order():
    """Each once, in batches, at the trial's own place, with the token."""
    with receiving() as server, observing(server.url, token="t0ken", batch_max=10) as observer:
        for number in range(95):
            observer.observe("Why?", "a", "b", id=f"q-{number}", user="u-1")
        assert observer.flush(10)

    assert [line["id"] for line in server.lines] == [f"q-{number}" for number in range(95)]
    assert set(server.paths) == {"/api/v1/pairs/int8"}
    assert set(server.tokens) == {"Bearer t0ken"}
    assert len(server.paths) >= 10
    assert observer.counts == {"sent": 95}


class Spiteful:
    """An object of which everything raises."""

    def __repr__(self):
        raise RuntimeError

    def __getattr__(self, name):
        raise RuntimeError(name)


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


HELD = {
    "spiteful": Spiteful(),
    "cycle": CYCLE,
    "object": object(),
    "inside": {1: object()},
    "nan": float("nan"),
    "bytes": b"x",
}


@pytest.mark.parametrize("name", HELD)
def test_no_object_makes_it_raise(name):
    """What cannot be written is dropped and counted, wherever it stands."""
    held = HELD[name]
    with receiving() as server, observing(server.url) as observer:
        observer.observe(None, held, "b")
        observer.observe(None, "a", held)
        observer.observe(held, "a", "b")
        observer.observe(None, "a", "b", id=7)  # type: ignore[arg-type]
        observer.observe(None, "a", "b", slices=3)  # type: ignore[arg-type]

        assert observer.counts == {"dropped_unsendable": 5}


@pytest.mark.parametrize("server", [hanging, babbling])
def test_a_server_that_hangs_or_babbles_is_told_once(server):
    """What may have arrived is not told again: it might be counted twice."""
    with server() as url, observing(url) as observer:
        observer.observe(None, "a", "b")
        assert observer.flush(5)

    assert observer.counts == {"dropped_lost": 1}


def test_a_server_that_comes_up_later_gets_what_waited():
    """Nothing arrived while nobody listened, so all of it may be told again."""
    port = free_port()
    with observing(f"http://127.0.0.1:{port}") as observer:
        for number in range(5):
            observer.observe(None, "a", "b", id=f"q-{number}")
        assert not observer.flush(0.3)
        with receiving(port) as server:
            assert observer.flush(10)

    assert [line["id"] for line in server.lines] == [f"q-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("status", "body", "counts"),
    [
        (401, b"", {"dropped_refused": 3}),
        (500, b"", {"dropped_refused": 3}),
        (422, b'{"taken": 2, "refused": [{"place": 0}]}', {"sent": 2, "dropped_refused": 1}),
        (422, b'{"taken": 0, "refused": [{"place": 0}]}', {"sent": 0, "dropped_refused": 3}),
        (422, b'{"taken": 9, "refused": []}', {"sent": 3}),
        (422, b'{"taken": 1e999}', {"dropped_lost": 3}),
        (422, b"?", {"dropped_lost": 3}),
    ],
)
def test_what_the_server_refused_is_counted(status, body, counts):
    """All of a post, or line by line."""
    with receiving(status=status, body=body) as server, observing(server.url) as observer:
        with observer._starting:  # three lines of one post: the thread starts with the last
            observer.observe(None, "a", "b")
            observer.observe(None, "a", "b")
        observer.observe(None, "a", "b")
        assert observer.flush(5)

    assert dict(observer.counts) == counts


def test_memory_is_bounded_while_nobody_takes_anything():
    """So many lines and so many bytes wait; the rest is dropped and counted, each of them."""
    with observing(f"http://127.0.0.1:{free_port()}", lines_max=50, bytes_max=20_000) as observer:
        for _ in range(500):
            observer.observe(None, "a" * 1000, "b")
        waiting = len(observer._outbox)
        size = sum(map(len, observer._outbox._lines))

        assert waiting <= 50
        assert size <= 20_000
        assert observer.counts["dropped_full"] >= 500 - 50 - 100


def test_one_huge_pair_is_not_sent():
    """A line has a largest size of its own."""
    with receiving() as server, observing(server.url) as observer:
        observer.observe(None, "a" * 2_000_000, "b")

    assert observer.counts == {"dropped_unsendable": 1}


def test_an_observer_that_nobody_holds_leaves_no_thread():
    """What waits is sent, and then its thread ends."""
    with receiving() as server:
        observer = Observer(server.url, "int8")
        observer.observe(None, "a", "b")
        thread = observer._thread
        del observer
        assert thread is not None
        thread.join(5)

        assert not thread.is_alive()
    assert len(server.lines) == 1


def test_a_share_is_told_by_id():
    """The same ids are told by every process; the others cost nothing."""
    with receiving() as server, observing(server.url, sample_rate=0.3) as observer:
        for number in range(300):
            observer.observe(None, "a", "b", id=f"q-{number}")
        assert observer.flush(10)

    told = {line["id"] for line in server.lines}
    assert told == {f"q-{number}" for number in range(300) if observer.wants(f"q-{number}")}
    assert 50 < len(told) < 130
    assert observer.counts["sampled_out"] == 300 - len(told)


def test_telling_takes_little_time():
    """A call takes well below a millisecond, even if nobody listens."""
    with hanging() as url, observing(url, lines_max=10_000) as observer:
        observer.observe("Why?", "a" * 500, "b" * 500)
        begun = time.perf_counter()
        for _ in range(1000):
            observer.observe("Why?", "a" * 500, "b" * 500)
        seconds = time.perf_counter() - begun

    assert seconds / 1000 < 0.000_5


@pytest.mark.parametrize(
    "arguments",
    [{"url": "127.0.0.1:9"}, {"url": "ftp://a"}, {"url": "http://"}, {"sample_rate": 1.5}],
)
def test_arguments_that_make_no_sense_are_told_at_once(arguments):
    """The constructor alone raises: it is run when the program starts."""
    with pytest.raises(ValueError, match=r"url|sample_rate"):
        Observer(**({"url": "http://a", "trial": "int8"} | arguments))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_has_a_thread_of_its_own():
    """The child tells of its pairs, and not again of its parent's."""
    with receiving() as server, observing(server.url) as observer:
        observer.observe(None, "a", "b", id="parent")
        assert observer.flush(5)
        child = os.fork()
        if child == 0:
            observer.observe(None, "a", "b", id="child")
            os._exit(0 if observer.flush(5) and observer.counts == {"sent": 1} else 1)
        _, status = os.waitpid(child, 0)

    assert status == 0
    assert [line["id"] for line in server.lines] == ["parent", "child"]


PROGRAM = """
import sys
from shadowmon.sdk import Observer

heavy = {"aiohttp", "pydantic", "numpy", "msgspec", "structlog", "sqlalchemy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
observer = Observer(sys.argv[1], "int8")
for number in range(20):
    observer.observe(None, "a", "b", id=f"q-{number}")
"""


def run(url: str) -> float:
    """Run the program; return how long it took."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", PROGRAM, url], check=True, timeout=20)
    return time.perf_counter() - begun


def test_a_program_that_ends_has_told_all():
    """At its end it waits for what is under way; and the daemon's libraries were never loaded."""
    with receiving() as server:
        run(server.url)

    assert len(server.lines) == 20


def test_a_programs_end_is_not_held_up():
    """If nobody answers, the end comes all the same, within what was allowed."""
    with hanging() as url:
        assert run(url) < 8
