"""Two things at once that could make a user wait for ever, or lose an answer on its way."""

from __future__ import annotations

import asyncio
import time

from typing import Any

from shadowmon.ipc.board import Count
from shadowmon.proxy.forms import OFTEN
from tests.integration.proxy.rig import OK, Visit, until


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HALF = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf"
NUMBERED = (
    b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: %d\r\nContent-Length: 512\r\n\r\n" + b"b" * 512
)


async def test_who_sent_ahead_is_read_again_when_the_form_is_known(rig):
    """Reading stops while too much has come ahead of its turn, and goes on once it is served."""
    proxy = await rig(head_max_bytes=4096)
    client = await proxy.client()
    for number in range(OFTEN + 2):  # from now on a head of this form is known by heart
        await client.ask(NUMBERED % number)

    await client.say(b"".join(NUMBERED % number for number in range(40)))
    for _ in range(40):
        assert (await client.answer()).raw == OK

    assert [user.holds for user in proxy.station.users] == [0]
    assert (await client.ask(NUMBERED % 41)).raw == OK


async def test_an_upload_goes_on_when_there_was_nobody_to_take_its_beginning(rig):
    """The user who had to wait for a connection is read again when another model takes over."""
    proxy = await rig()
    await proxy.ask(GET)  # so that the baseline's connection is there already
    proxy.int8.stop()
    proxy.weight(10_000)
    client = await proxy.client()

    await client.say(HALF)
    await until(lambda: proxy.count(Count.FELL_BACK) == 1)
    assert [user.holds for user in proxy.station.users if user.deadline] == [0]
    assert (await client.ask(b"rest")).raw == OK

    assert [body for _, body in proxy.base.requests] == [b"", b"halfrest"]


async def _moved_on(rig, go):
    """Return proxy, user and int8's late one: the baseline was asked in its place, and waits."""

    async def slow(visit: Visit) -> None:
        while True:
            await visit.request()
            await go.wait()
            await visit.say(OK)

    proxy = await rig(base=slow, first_byte_timeout_seconds=0.5)
    late = _Late(proxy.station.pools["int8"])
    proxy.station.pools["int8"] = late
    proxy.weight(10_000)
    client = await proxy.client()
    await client.say(GET)
    await proxy.base.visited()
    return proxy, client, late


async def test_a_connection_that_comes_too_late_is_nobodys(rig):
    """Who was told to ask another model meanwhile is not harmed by the first one's connection."""

    go = asyncio.Event()
    proxy, client, late = await _moved_on(rig, go)

    await late.comes(proxy.station.loop)
    go.set()

    assert (await client.answer()).raw == OK
    assert proxy.int8.requests == []
    await proxy.int8.visits[0].ended.wait()


async def test_a_connection_that_could_not_be_had_after_all_harms_nobody(rig):
    """Who was told to ask another model meanwhile does not hear that the first one is not there."""

    go = asyncio.Event()
    _, client, late = await _moved_on(rig, go)

    late.waiter.unreachable()
    go.set()

    assert (await client.answer()).raw == OK


async def test_each_model_may_have_one_dead_connection(rig):
    """A dead connection to the one model does not use up the second try with the other."""

    async def dying(visit: Visit) -> None:
        await visit.request()
        if len(proxy.int8.visits) == 1:
            await visit.say(OK)
            await visit.request()

    async def leaving(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if len(proxy.base.visits) == 1:
            await visit.request()

    proxy = await rig(base=leaving, int8=dying)
    await proxy.ask(GET)
    proxy.weight(10_000)
    await proxy.ask(GET)

    assert (await proxy.ask(GET)).raw == OK
    assert (proxy.count(Count.RETRIED), proxy.count(Count.FELL_BACK)) == (2, 1)


async def test_empty_lines_hold_nobody_up(rig):
    """A user who sends a hundred thousand empty lines costs the others next to no time."""
    proxy = await rig()
    client = await proxy.client()
    user = next(iter(proxy.station.users))

    began = time.thread_time()
    user.data_received(b"\r\n" * 131_072)
    assert time.thread_time() - began < 0.25

    assert (await client.ask(GET)).raw == OK


async def test_a_head_that_comes_byte_by_byte_holds_nobody_up(rig):
    """Of a long head that is not over yet each further byte costs little: it is not read anew."""
    proxy = await rig(head_max_bytes=65_536)
    client = await proxy.client()
    user = next(iter(proxy.station.users))
    user.data_received(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 60_000)

    began = time.thread_time()
    for _ in range(2000):
        user.data_received(b"x")
    assert time.thread_time() - began < 1.0

    assert (await client.ask(b"\r\n\r\n")).raw == OK


async def test_a_bare_line_feed_is_seen_wherever_the_pieces_of_a_head_end(rig):
    """Whether a line feed stands alone is not forgotten from one piece to the next."""
    proxy = await rig()
    client = await proxy.client()
    user = next(iter(proxy.station.users))
    for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX-A: b":
        user.data_received(bytes([byte]))

    user.data_received(b"\n")

    assert (await client.answer()).status == 400


class _Late:
    """A pool whose connections take as long as one likes."""

    def __init__(self, pool) -> None:
        self._pool = pool
        self.waiter: Any = None

    def take(self):
        return None

    def connect(self, waiter) -> None:
        self.waiter = waiter

    async def comes(self, loop) -> None:
        """Make the connection now."""
        done = loop.create_future()
        waiter = self.waiter

        class Told:
            waits = True

            def connected(self, upstream) -> None:
                waiter.connected(upstream)
                done.set_result(None)

        self._pool.connect(Told())
        await done

    def sweep(self, now: float) -> None:
        self._pool.sweep(now)

    def close(self) -> None:
        self._pool.close()
