"""What is handed over of an exchange, and that users never notice."""

from __future__ import annotations

import asyncio
import time

from shadowmon.ipc.board import Count
from shadowmon.records import Ending
from tests.integration.proxy.rig import OK, Visit, answering, until


POST = b"POST /v1/chat HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\nContent-Length: 4\r\n\r\nbody"


async def test_an_exchange_is_handed_over_whole(rig):
    """Request and answer, with their heads, times and the model that served."""
    answer = b"HTTP/1.1 200 OK\r\nX-Served: yes\r\ncontent-length: 6\r\n\r\nanswer"
    proxy = await rig(base=answering(answer))

    await proxy.ask(POST)
    exchange = await proxy.exchange()

    assert exchange.id == "r-1"
    assert exchange.route == "chat"
    assert exchange.source == "proxy"
    assert (exchange.method, exchange.target) == ("POST", "/v1/chat")
    assert ("x-request-id", "r-1") in exchange.headers
    assert exchange.body == b"body"
    assert abs(exchange.received_at.timestamp() - time.time()) < 5
    assert exchange.failed_first is None
    assert exchange.served.model == "base"
    assert exchange.served.ending is Ending.COMPLETE
    assert exchange.served.status == 200
    assert ("x-served", "yes") in exchange.served.headers
    assert exchange.served.body == b"answer"
    assert 0 < exchange.served.first_byte_seconds <= exchange.served.duration_seconds < 5


async def test_chunks_are_taken_off_both_bodies(rig):
    """Bodies are handed over as payload; content codings are left alone."""
    proxy = await rig(
        base=answering(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\n\x1f\x8b\x00\r\n2;e=1\r\nzz\r\n0\r\nT: 1\r\n\r\n"
        )
    )

    await proxy.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    )
    exchange = await proxy.exchange()

    assert exchange.body == b"abcd"
    assert exchange.served.body == b"\x1f\x8b\x00zz"
    assert ("content-encoding", "gzip") in exchange.served.headers
    assert "transfer-encoding" not in dict(exchange.headers) | dict(exchange.served.headers)


async def test_a_request_without_an_id_is_given_one(rig):
    """Ids that are made up differ, and the model server never sees them."""
    proxy = await rig()
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    await proxy.ask(request)
    await proxy.ask(request)
    first, second = await proxy.exchange(), await proxy.exchange()

    assert len(first.id) == len(second.id) == 32
    assert first.id != second.id
    assert proxy.base.raw == request * 2


async def test_a_stream_of_many_events_is_handed_over(rig):
    """More pieces than one system call takes are handed over all the same."""

    async def stream(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(50):
            await visit.say(b"1\r\nx\r\n" * 60)
            await asyncio.sleep(0)
        await visit.say(b"0\r\n\r\n")

    proxy = await rig(base=stream)

    await proxy.ask(POST)

    assert (await proxy.exchange()).served.body == b"x" * 3000


async def test_large_bodies_are_handed_over_too(rig):
    """What does not fit into a packet travels as a file."""
    body = bytes(range(256)) * 3000
    proxy = await rig(
        base=answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    )

    await proxy.ask(POST)

    assert (await proxy.exchange()).served.body == body


async def test_a_body_too_large_to_keep_is_counted(rig):
    """Beyond tee_body_max_bytes the user is served as ever, and nothing is handed over."""
    proxy = await rig(tee_body_max_bytes=3)

    answer = await proxy.ask(POST)

    assert answer.raw == OK
    assert proxy.count(Count.OVERSIZE) == 1
    assert await proxy.nothing_handed_over()
    assert proxy.station.tee.held == 0


async def test_too_much_kept_at_one_time_is_counted(rig):
    """Beyond tee_total_max_bytes exchanges are let go, and the memory is given back."""
    proxy = await rig(tee_total_max_bytes=2)

    answer = await proxy.ask(POST)

    assert answer.raw == OK
    assert proxy.count(Count.TEE_FULL) == 1
    assert await proxy.nothing_handed_over()
    assert proxy.station.tee.held == 0


async def test_users_do_not_notice_that_nobody_takes_it(rig):
    """When the socket is full exchanges are shed and counted, and every user is served."""
    body = bytes(100_000)
    proxy = await rig(
        base=answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    )
    client = await proxy.client()
    slowest = 0.0

    for _ in range(120):
        began = time.perf_counter()
        assert (await client.ask(POST)).body == body
        slowest = max(slowest, time.perf_counter() - began)
    await until(lambda: proxy.station.tee.held == 0)

    assert proxy.count(Count.SHED) > 0
    assert proxy.count(Count.SHED) + proxy.count(Count.HANDED_OVER) == 120
    assert slowest < 1.0


async def test_users_do_not_notice_that_the_reader_is_gone(rig):
    """With the other end closed everything is shed, and every user is served."""
    proxy = await rig(reading=False)

    assert (await proxy.ask(POST)).raw == OK
    await until(lambda: proxy.count(Count.SHED) == 1)


async def test_a_route_without_a_trial_is_not_watched(rig):
    """Its exchanges are counted as unrouted and handed over to nobody."""
    proxy = await rig(trials=False)

    await proxy.ask(POST)

    assert proxy.count(Count.UNROUTED) == 1
    assert await proxy.nothing_handed_over()


async def test_only_the_sample_is_handed_over(rig):
    """The sample's size is near its rate, and the rest is counted."""
    proxy = await rig(sample_rate=0.25)
    client = await proxy.client()

    for number in range(200):
        await client.ask(POST.replace(b"r-1", b"r-%d" % number))
    await until(lambda: proxy.station.tee.held == 0)

    assert proxy.count(Count.SAMPLED_OUT) + proxy.count(Count.HANDED_OVER) == 200
    assert 25 <= proxy.count(Count.HANDED_OVER) <= 80


async def test_an_answer_to_half_a_request_is_no_measure(rig):
    """What came of a request that never was whole is handed over as the user's doing."""

    async def early(visit: Visit) -> None:
        await visit.head()
        await visit.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")

    proxy = await rig(base=early)
    client = await proxy.client()
    await client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc")

    assert (await proxy.exchange()).served.ending is Ending.CLIENT_GONE


async def test_weights_move_users_one_way(rig):
    """As the weight rises users move to the optimized model and none moves back."""
    proxy = await rig(
        base=answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb"),
        int8=answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\no"),
        sticky_header="x-user",
    )
    client = await proxy.client()
    moved: set[int] = set()

    for weight in (0, 1000, 5000, 10_000):
        proxy.weight(weight)
        now = {
            user
            for user in range(100)
            if (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX-User: u%d\r\n\r\n" % user)).body
            == b"o"
        }
        assert moved <= now
        assert abs(len(now) - weight / 100) <= 20
        moved = now

    assert moved == set(range(100))
