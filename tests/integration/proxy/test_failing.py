"""When something breaks: the model server, the connection to it, or the user's patience."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from shadowmon.ipc.board import Count
from shadowmon.records import Ending
from tests.integration.proxy.rig import OK, Visit, answering, until


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"


def after(answer: bytes, *, reset: bool = False):
    """Say this after a request, and close."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(answer)
        if reset:
            visit.writer.transport.abort()
        visit.close()

    return script


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ],
)
async def test_a_truncated_answer_never_looks_whole(rig, cut):
    """The user's connection is cut where the model server's was, and the ending is told."""
    proxy = await rig(base=after(cut))

    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await proxy.ask(GET)

    exchange = await proxy.exchange()
    assert exchange.served.ending is Ending.TRUNCATED
    assert exchange.served.status == 200
    assert proxy.count(Count.TRUNCATED) == 1


async def test_a_reset_is_no_clean_end(rig):
    """An answer that ends with its connection is cut by a reset if the model server's was."""

    async def resetting(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await go.wait()
        sock = visit.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        visit.writer.transport.abort()

    go = asyncio.Event()
    proxy = await rig(base=resetting)
    client = await proxy.client()
    await client.say(GET)
    await client.reader.readuntil(b"abc")
    go.set()

    with pytest.raises(ConnectionError):
        await client.rest()


async def test_malformed_chunks_of_an_answer_cut_the_connection(rig):
    """Once its framing is broken an answer goes no further."""
    proxy = await rig(
        base=after(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
    )

    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await proxy.ask(GET)

    assert (await proxy.exchange()).served.ending is Ending.TRUNCATED


async def test_no_connection_is_a_502(rig):
    """A model server that is not there is told to the user and handed over as unreachable."""
    proxy = await rig()
    proxy.base.stop()

    answer = await proxy.ask(POST)

    assert answer.status == 502
    exchange = await proxy.exchange()
    assert exchange.body == b"body"
    assert exchange.served.ending is Ending.UNREACHABLE
    assert exchange.served.status == 0
    assert proxy.count(Count.UPSTREAM_FAILED) == 1


async def test_an_outage_is_told_once_and_its_end_too(rig):
    """A model's only server is gone, and back: two lines, however many users got a 502."""
    proxy = await rig()
    port = proxy.base.port
    proxy.base.stop()
    statuses = [(await proxy.ask(POST)).status for _ in range(3)]
    await proxy.base.start(listening=socket.create_server(("127.0.0.1", port)))
    statuses += [(await proxy.ask(POST)).status for _ in range(2)]

    (event, fields), (later, after_all) = proxy.said
    assert statuses == [502, 502, 502, 200, 200]
    assert event == "proxy.model_unreachable"
    assert (fields["model"], fields["address"]) == ("base", f"127.0.0.1:{port}")
    assert fields["why"]
    assert later == "proxy.model_reachable"
    assert after_all["failures"] == 3


async def test_a_server_that_takes_no_connection_in_time_is_told(rig):
    """There is no word of the system's then, but the limit that was passed."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        proxy = await rig(urls={"base": [url]}, connect_timeout_seconds=0.1)
        stuck = [socket.socket() for _ in range(4)]
        for sock in stuck:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())

        answer = await proxy.ask(POST)

        for sock in stuck:
            sock.close()
    assert answer.status == 502
    assert proxy.said[0][1]["why"] == "no connection within 0.1 s"


async def test_a_connection_that_ends_without_an_answer_is_a_502(rig):
    """A fresh connection that is closed without a byte is not tried again."""
    proxy = await rig(base=after(b""))

    assert (await proxy.ask(GET)).status == 502
    assert len(proxy.base.visits) == 1
    assert proxy.count(Count.RETRIED) == 0


@pytest.mark.parametrize("reset", [True, False])
async def test_a_dead_reused_connection_is_tried_again_once(rig, reset):
    """A request that met a connection just being closed goes out again on a new one."""

    async def once(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.request()
        if len(proxy.base.visits) == 1:
            visit.requests.pop()
            if reset:
                visit.writer.transport.abort()
            return
        await visit.say(OK)

    proxy = await rig(base=once)
    client = await proxy.client()

    first, second = await client.ask(POST), await client.ask(POST)

    assert first.raw == second.raw == OK
    assert [body for _, body in proxy.base.requests] == [b"body", b"body"]
    assert proxy.count(Count.RETRIED) == 1


async def dying(visit: Visit) -> None:
    """Answer once; close without a word when asked again."""
    await visit.request()
    await visit.say(OK)
    await visit.head()
    visit.writer.transport.abort()


async def test_trying_again_may_be_off(rig):
    """With `retry_stale: false` a dead reused connection is a 502, and no request is sent twice."""
    proxy = await rig(base=dying, retry_stale=False)
    client = await proxy.client()

    await client.ask(POST)
    second = await client.ask(POST)

    assert second.status == 502
    assert len(proxy.base.visits) == 1
    assert proxy.count(Count.RETRIED) == 0


async def test_what_is_kept_to_be_sent_again_is_bounded(rig):
    """Beyond retry_total_max_bytes a request is served all the same, and counted; then is room."""
    proxy = await rig(base=dying, retry_total_max_bytes=200)
    client = await proxy.client()
    large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n" + bytes(200)

    assert (await client.ask(large)).raw == OK
    assert (await client.ask(large)).status == 502
    assert proxy.count(Count.NOT_KEPT) == 2
    assert proxy.station.kept_bytes == 0


@pytest.mark.parametrize("to", [b"1 ", b"2 ", b"3 ", b"4 "])
async def test_nothing_stays_kept_however_a_request_ends(rig, to):
    """Answered, refused, left by its user or fallen back: what was kept is let go."""
    path = {b"1 ": OK, b"2 ": b"", b"3 ": b"HTTP/1.1 200 OK\r\n\r\nabc", b"4 ": BROKEN}[to]
    proxy = await rig(base=after(path), int8=after(path))
    proxy.weight(5_000)

    client = await proxy.client()
    await client.say(POST)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await client.answer()
    client.leave()

    await until(lambda: not proxy.station.users)
    assert proxy.station.kept_bytes == 0


async def test_a_request_too_large_to_keep_is_not_tried_again(rig):
    """Beyond retry_max_bytes a dead connection is a 502."""
    proxy = await rig(base=after(OK.replace(b"OK", b"Fine")), retry_max_bytes=64)
    client = await proxy.client()
    large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + bytes(100)

    await client.ask(large)
    # The connection is idle by now, and its other end is closing. Whether we meet it before or
    # after it is closed, the user gets an answer; it is never sent twice over one connection.
    second = await client.ask(large)

    assert second.status in (200, 502)
    assert proxy.count(Count.RETRIED) == 0


async def test_a_user_who_leaves_stops_the_stream(rig):
    """The model server's connection ends within moments of the user's."""

    async def endless(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await visit.until_gone()

    proxy = await rig(base=endless)
    client = await proxy.client()
    await client.say(GET)
    await client.reader.readuntil(b"abc\r\n")

    client.leave()

    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 1)
    exchange = await proxy.exchange()
    assert exchange.served.ending is Ending.CLIENT_GONE
    assert exchange.served.body == b"abc"
    assert proxy.count(Count.CLIENT_GONE) == 1


async def test_a_user_who_leaves_before_the_answer_stops_the_model(rig):
    """A generation that nobody waits for is not run to its end: it is over within 100 ms."""

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.until_gone()

    proxy = await rig(base=silent)
    client = await proxy.client()
    await client.say(GET)
    await until(lambda: proxy.base.requests != [])

    client.leave()

    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 0.1)
    assert (await proxy.exchange()).served.ending is Ending.CLIENT_GONE


async def test_a_user_who_leaves_while_uploading_ends_no_request(rig):
    """The model server sees an abort, never the end of a body."""

    async def reading(visit: Visit) -> None:
        await visit.head()
        await visit.until_gone()

    proxy = await rig(base=reading)
    client = await proxy.client()
    await client.say(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    )
    await until(lambda: proxy.base.raw != b"")

    client.leave()

    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 1)
    assert b"0\r\n\r\n" not in proxy.base.raw


async def test_half_a_goodbye_is_a_goodbye(rig):
    """A user who closes the sending side is gone, and the model is told to stop."""

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.until_gone()

    proxy = await rig(base=silent)
    client = await proxy.client()
    await client.say(GET)
    await until(lambda: proxy.base.requests != [])

    client.writer.write_eof()

    assert await client.rest() == b""
    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 1)


async def test_a_head_that_does_not_end_is_timed_out(rig):
    """A head that drips in gets a 408 after head_timeout_seconds (slowloris)."""
    proxy = await rig(head_timeout_seconds=0.2)
    client = await proxy.client()
    await client.say(b"GET / HTTP/1.1\r\n")

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                await client.say(b"X: y\r\n")
                await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks:
        dripping = tasks.create_task(drip())
        answer = await client.answer()
        dripping.cancel()

    assert answer.status == 408


async def test_a_connection_that_says_nothing_is_closed(rig):
    """Without a byte a connection is closed after head_timeout_seconds."""
    proxy = await rig(head_timeout_seconds=0.2)
    client = await proxy.client()

    with contextlib.suppress(ConnectionError):
        assert await client.rest() == b""
    await until(lambda: proxy.count(Count.CONNECTIONS_CLOSED) == 1)


async def test_an_idle_connection_is_closed(rig):
    """Between requests a connection lives for idle_timeout_seconds."""
    proxy = await rig(idle_timeout_seconds=0.2)
    client = await proxy.client()
    await client.ask(GET)

    with contextlib.suppress(ConnectionError):
        assert await client.rest() == b""
    await until(lambda: proxy.count(Count.CONNECTIONS_CLOSED) == 1)


async def test_a_body_that_stalls_is_timed_out(rig):
    """An upload that stops for stream_idle_timeout_seconds gets a 408; the model sees an abort."""
    proxy = await rig(stream_idle_timeout_seconds=0.2)
    client = await proxy.client()

    answer = await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")

    assert answer.status == 408
    assert proxy.base.requests == []
    await asyncio.wait_for((await proxy.base.visited()).ended.wait(), 1)


async def test_a_model_that_does_not_answer_is_a_504(rig):
    """After first_byte_timeout_seconds the user is told, and the model too."""

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.until_gone()

    proxy = await rig(base=silent, first_byte_timeout_seconds=0.2)

    answer = await proxy.ask(GET)

    assert answer.status == 504
    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 1)
    assert (await proxy.exchange()).served.ending is Ending.UNREACHABLE


async def test_a_stream_that_stalls_is_cut(rig):
    """An answer that stops for stream_idle_timeout_seconds is truncated, not ended."""

    async def stalling(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await visit.until_gone()

    proxy = await rig(base=stalling, stream_idle_timeout_seconds=0.2)

    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await proxy.ask(GET)

    assert (await proxy.exchange()).served.ending is Ending.TRUNCATED


async def test_a_user_who_does_not_read_is_cut(rig):
    """A user who takes nothing for stream_idle_timeout_seconds is gone; it is not the model."""
    size = 64 * 2**20

    async def firehose(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size // 65_536):
            await visit.say(bytes(65_536))

    proxy = await rig(base=firehose, stream_idle_timeout_seconds=0.3)
    client = await proxy.client()
    client.writer.transport.pause_reading()
    await client.say(GET)

    await until(lambda: proxy.count(Count.CLIENT_GONE) == 1)
    await until(lambda: proxy.count(Count.CONNECTIONS_CLOSED) == 1)
    assert proxy.count(Count.TRUNCATED) == 0


async def test_idle_upstream_connections_are_closed(rig):
    """A connection to a model server is closed after upstream_idle_seconds."""
    proxy = await rig(upstream_idle_seconds=0.2)

    await proxy.ask(GET)

    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 2)


async def test_an_early_answer_outlives_the_reset_behind_it(rig):
    """A refusal that is in before the model server resets an upload reaches the user."""

    async def refusing(visit: Visit) -> None:
        await visit.head()
        await visit.say(b"HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nbig")
        visit.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        visit.writer.transport.abort()

    proxy = await rig(base=refusing)
    for _ in range(20):
        client = await proxy.client()
        await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                await client.say(bytes(200_000))
        answer = await client.answer()

        assert (answer.status, answer.body) == (413, b"big")
    assert proxy.count(Count.UPSTREAM_FAILED) == 0


# --- falling back -----------------------------------------------------------


BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nx-why: overload\r\ncontent-length: 4\r\n\r\nbusy"


@pytest.mark.parametrize(
    ("int8", "status", "ending"),
    [
        (answering(BROKEN), 503, Ending.COMPLETE),
        (after(b""), 0, Ending.UNREACHABLE),
        (after(b"", reset=True), 0, Ending.UNREACHABLE),
        (after(b"HTTP/1.1 200 OK\r\nconte"), 0, Ending.UNREACHABLE),
        (after(b"nonsense\r\n\r\n"), 0, Ending.UNREACHABLE),
    ],
    ids=["503", "closed", "reset", "half a head", "nonsense"],
)
async def test_the_baseline_serves_when_the_optimized_model_fails(rig, int8, status, ending):
    """The user gets the baseline's answer; the failed try is handed over beside it."""
    proxy = await rig(int8=int8)
    proxy.weight(10_000)

    answer = await proxy.ask(POST)

    assert answer.raw == OK
    assert [body for _, body in proxy.base.requests] == [b"body"]
    exchange = await proxy.exchange()
    assert exchange.served.model == "base"
    assert exchange.served.ending is Ending.COMPLETE
    assert exchange.failed_first.model == "int8"
    assert exchange.failed_first.status == status
    assert exchange.failed_first.ending is ending
    assert proxy.count(Count.FELL_BACK) == 1
    assert proxy.board.slot(0).served(0) == 1


async def test_the_baseline_serves_when_the_optimized_model_is_not_there(rig):
    """No connection is a failure before the first byte, too."""
    proxy = await rig()
    proxy.int8.stop()
    proxy.weight(10_000)

    assert (await proxy.ask(POST)).raw == OK
    assert (await proxy.exchange()).failed_first.ending is Ending.UNREACHABLE


async def test_the_baseline_serves_when_the_optimized_model_is_silent(rig):
    """A first byte that does not come in time is a failure, and the baseline has its own time."""

    async def silent(visit: Visit) -> None:
        await visit.request()
        await visit.until_gone()

    proxy = await rig(int8=silent, first_byte_timeout_seconds=0.2)
    proxy.weight(10_000)

    assert (await proxy.ask(POST)).raw == OK
    await asyncio.wait_for(proxy.int8.visits[0].ended.wait(), 1)


async def test_an_upload_goes_on_at_the_baseline(rig):
    """A failure in the middle of an upload sends what was sent, then the rest, to the baseline."""

    async def early(visit: Visit) -> None:
        await visit.head()
        await visit.say(BROKEN)
        await visit.until_gone()

    proxy = await rig(int8=early)
    proxy.weight(10_000)
    client = await proxy.client()
    await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
    await proxy.base.visited()

    await client.say(b"rest")

    assert (await client.answer()).raw == OK
    assert [body for _, body in proxy.base.requests] == [b"halfrest"]


async def test_both_may_fail(rig):
    """If the baseline fails too, the user gets the baseline's failure, and both are told."""
    proxy = await rig(int8=answering(BROKEN), base=after(b""))
    proxy.weight(10_000)

    assert (await proxy.ask(POST)).status == 502
    exchange = await proxy.exchange()
    assert exchange.served.ending is Ending.UNREACHABLE
    assert exchange.failed_first.status == 503


async def test_a_failing_baseline_has_nothing_to_fall_back_on(rig):
    """A 503 of the baseline's own is the user's answer, as it came."""
    proxy = await rig(base=answering(BROKEN))

    assert (await proxy.ask(POST)).raw == BROKEN
    assert len(proxy.int8.visits) == 0


async def test_a_request_too_large_to_keep_does_not_fall_back(rig):
    """Beyond retry_max_bytes the user gets the optimized model's own failure."""
    proxy = await rig(int8=answering(BROKEN), retry_max_bytes=16)
    proxy.weight(10_000)

    assert (await proxy.ask(POST)).raw == BROKEN
    assert proxy.count(Count.FELL_BACK) == 0


async def test_an_answer_that_began_is_not_taken_back(rig):
    """After the first byte the optimized model's truncation is the user's truncation."""
    proxy = await rig(int8=after(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"))
    proxy.weight(10_000)

    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await proxy.ask(POST)

    exchange = await proxy.exchange()
    assert exchange.served.model == "int8"
    assert exchange.served.ending is Ending.TRUNCATED
