"""What passes through the proxy, and what does not: dataplane hazards, one after the other."""

from __future__ import annotations

import asyncio

import pytest

from shadowmon.ipc.board import Count
from shadowmon.proxy.line import FULL
from tests.integration.proxy.rig import OK, Visit, answering, until


GET = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_request_and_its_answer_pass_through(rig):
    """A plain request reaches the baseline as it was sent, and the answer comes back whole."""
    proxy = await rig()
    request = (
        b"POST /v1/x?a=%2F//..;b HTTP/1.1\r\nHost: a\r\nX-Odd:  v \r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )

    answer = await proxy.ask(request)

    assert answer.raw == OK
    assert proxy.base.requests == [
        (
            b"POST /v1/x?a=%2F//..;b HTTP/1.1\r\nHost: a\r\nX-Odd: v \r\nContent-Length: 5\r\n\r\n",
            b"hello",
        )
    ]


async def test_no_field_is_added_and_none_is_changed(rig):
    """Names keep their case, values their bytes, duplicates their order, both ways."""
    answer = (
        b"HTTP/1.1 200 Fine By Me\r\nSet-Cookie: a=1\r\nset-cookie: b=\xe9\r\n"
        b"content-encoding: gzip\r\nContent-Length: 0\r\n\r\n"
    )
    proxy = await rig(base=answering(answer))
    request = (
        b"BREW /pot HTTP/1.1\r\nhost: a\r\nX-A: 1\r\nx-a: \xe9\r\nAccept-Encoding: gzip\r\n\r\n"
    )

    got = await proxy.ask(request)

    assert got.raw == answer
    assert proxy.base.raw == request


async def test_fields_of_one_connection_end_here(rig):
    """Hop-by-hop fields and what Connection lists are passed on in neither direction."""
    proxy = await rig(
        base=answering(
            b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Secret\r\nKeep-Alive: timeout=9\r\n"
            b"X-Secret: s\r\nX-Open: o\r\nProxy-Connection: x\r\nContent-Length: 0\r\n\r\n"
        )
    )

    answer = await proxy.ask(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, keep-alive, Host\r\nX-Hop: 1\r\n"
        b"TE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: p\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: x\r\nX-Open: o\r\n\r\n"
    )

    assert proxy.base.raw == b"GET / HTTP/1.1\r\nHost: a\r\nX-Open: o\r\n\r\n"
    assert answer.raw == b"HTTP/1.1 200 OK\r\nX-Open: o\r\nContent-Length: 0\r\n\r\n"


async def test_chunks_of_a_request_are_framed_anew(rig):
    """A client's own chunk framing, extensions and trailers never reach the model server."""
    proxy = await rig()

    answer = await proxy.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X-T\r\n\r\n"
        b"003;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
    )

    assert answer.status == 200
    head, body = proxy.base.requests[0]
    assert head == b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    assert body == b"abcde"
    assert b"ext" not in proxy.base.raw
    assert b"X-T" not in proxy.base.raw


async def test_one_byte_at_a_time(rig):
    """However a request is cut, it is the same request, and so is an answer."""

    async def bytewise(visit: Visit) -> None:
        await visit.request()
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            await visit.say(bytes([byte]))

    proxy = await rig(base=bytewise)
    client = await proxy.client()
    for (
        byte
    ) in b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
        await client.say(bytes([byte]))
        await asyncio.sleep(0)

    assert (await client.answer()).body == b"abc"
    assert proxy.base.requests[0][1] == b"abc"


async def test_large_bodies_pass_whole(rig):
    """Twenty megabytes each way arrive as they were sent."""
    body = bytes(range(256)) * 80_000
    proxy = await rig(
        base=answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    )

    answer = await proxy.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )

    assert answer.body == body
    assert proxy.base.requests[0][1] == body


async def test_requests_sent_ahead_are_answered_in_order(rig):
    """Pipelined requests go one after the other over one upstream connection."""
    proxy = await rig(
        base=answering(
            *(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % number for number in range(4))
        )
    )
    client = await proxy.client()

    await client.say(b"".join(GET.replace(b"models", b"%d" % number) for number in range(4)))
    bodies = [(await client.answer()).body for _ in range(4)]

    assert bodies == [b"0", b"1", b"2", b"3"]
    assert [head.split()[1] for head, _ in proxy.base.requests] == [
        b"/v1/%d" % number for number in range(4)
    ]
    assert len(proxy.base.visits) == 1


async def test_events_pass_one_by_one(rig):
    """A streamed event reaches the user before the next one exists."""
    go = asyncio.Event()

    async def stream(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        await visit.say(b"3\r\ntwo\r\n0\r\n\r\n")

    proxy = await rig(base=stream)
    client = await proxy.client()

    await client.say(GET)
    first = await client.reader.readuntil(b"one\r\n")
    go.set()
    rest = await client.reader.readuntil(b"0\r\n\r\n")

    assert first.endswith(b"3\r\none\r\n")
    assert rest == b"3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n"),
    ],
)
async def test_an_answer_without_a_body_keeps_the_connection(rig, method, answer):
    """After HEAD, 204 and 304 the next request is answered on the same connections."""
    proxy = await rig(base=answering(answer))
    client = await proxy.client()
    request = GET.replace(b"GET", method)

    first = await client.ask(request, to_head=True)
    second = await client.ask(request, to_head=True)

    assert first.raw == second.raw == answer
    assert len(proxy.base.visits) == 1


async def test_early_hints_pass_before_the_answer(rig):
    """A 103 reaches an HTTP/1.1 user; a 100 that nobody asked for does not."""
    proxy = await rig(
        base=answering(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK
        )
    )
    client = await proxy.client()

    first = await client.ask(GET)
    second = await client.answer()

    assert first.raw == b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    assert second.raw == OK


async def test_expect_continue_is_answered_here(rig):
    """A client that waits for 100 gets it at once, and the model server is not asked for one."""
    proxy = await rig()
    client = await proxy.client()

    waited = await client.ask(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    answer = await client.ask(b"hi")

    assert waited.raw == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.raw == OK
    assert b"xpect" not in proxy.base.raw


async def test_an_old_client_is_never_sent_chunks(rig):
    """HTTP/1.0 gets the payload alone, ended by the connection; and a Host is made for it."""
    proxy = await rig(
        base=answering(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
        )
    )

    answer = await proxy.ask(b"GET /x HTTP/1.0\r\n\r\n")

    assert answer.raw == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcdef"
    assert proxy.base.raw == b"GET /x HTTP/1.1\r\nhost: own-host:80\r\n\r\n"
    assert (await proxy.exchange()).served.body == b"abcdef"


async def test_an_old_client_may_keep_its_connection(rig):
    """HTTP/1.0 with keep-alive is told that the connection stays open, and it does."""
    proxy = await rig()
    client = await proxy.client()
    request = b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"

    first, second = await client.ask(request), await client.ask(request)

    assert b"connection: keep-alive\r\n" in first.head
    assert second.body == b"ok"


async def test_an_answer_ended_by_its_connection_ends_ours(rig):
    """An answer without a length is passed on, and its orderly end is an orderly end."""

    async def old(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        visit.close()

    proxy = await rig(base=old)

    answer = await proxy.ask(GET)

    assert answer.raw == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it"
    assert (await proxy.exchange()).served.body == b"all of it"


async def test_backpressure_reaches_the_model_server(rig):
    """A user who does not read stops the model server; little of 64 MB piles up in between."""
    size = 64 * 2**20
    sent = 0

    async def firehose(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        while sent < size:
            await visit.say(bytes(65_536))
            sent += 65_536

    proxy = await rig(base=firehose)
    client = await proxy.client()
    client.writer.transport.pause_reading()
    await client.say(GET)
    await _settles(lambda: sent)
    stalled = sent
    client.writer.transport.resume_reading()
    answer = await client.answer()

    assert stalled < 24 * 2**20
    assert answer.body == bytes(size)


async def test_backpressure_reaches_the_user(rig):
    """A model server that does not read stops the user; little of 48 MB piles up in between."""
    size = 48 * 2**20
    go = asyncio.Event()

    async def slow(visit: Visit) -> None:
        await visit.head()
        await go.wait()
        await visit.reader.readexactly(size)
        await visit.say(OK)

    proxy = await rig(base=slow)
    client = await proxy.client()
    sent = 0

    async def upload() -> None:
        nonlocal sent
        await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            await client.say(bytes(65_536))
            sent += 65_536

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(upload())
        await _settles(lambda: sent)
        stalled = sent
        go.set()

    assert stalled < 24 * 2**20
    assert (await client.answer()).raw == OK


async def test_a_connection_that_takes_nothing_yet_stops_the_user(rig):
    """What its buffer could not take before it was anybody's is not forgotten: the user waits."""
    proxy = await rig()
    await proxy.ask(GET)
    await until(lambda: not proxy.station.users)
    pool = proxy.station.pools["base"]
    idle = pool.take()
    idle.pause_writing()
    pool.give(idle)
    client = await proxy.client()

    await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
    await until(lambda: [user.holds for user in proxy.station.users] == [FULL])
    idle.resume_writing()

    assert [user.holds for user in proxy.station.users] == [0]
    assert (await client.ask(b"dy")).raw == OK


async def test_an_early_answer_ends_an_upload(rig):
    """A 413 in the middle of an upload is delivered, and the connection ends after it."""

    async def early(visit: Visit) -> None:
        await visit.head()
        await visit.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
        await visit.until_gone()

    proxy = await rig(base=early)
    client = await proxy.client()
    await client.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nabc")

    answer = await client.answer()
    await client.say(b"more of it")
    rest = await client.rest()

    assert answer.status == 413
    assert b"connection: close" in answer.head
    assert answer.body == b"big"
    assert rest == b""
    await asyncio.wait_for((await proxy.base.visited()).ended.wait(), 5)


async def _settles(value):
    """Wait until a value has not changed for a while."""
    last = -1
    while value() != last:
        last = value()
        await asyncio.sleep(0.3)


async def test_the_counters_tell_what_happened(rig):
    """Connections, heads and what was handed over are counted on the board."""
    proxy = await rig()

    await proxy.ask(GET)
    await until(lambda: proxy.count(Count.CONNECTIONS_CLOSED) == 1)
    await until(lambda: proxy.count(Count.HANDED_OVER) == 1)

    assert proxy.count(Count.CONNECTIONS) == 1
    assert proxy.count(Count.SEEN) == 1
    assert sum(proxy.board.slot(0).answers(0)[0]) == 1


@pytest.mark.parametrize(
    "target",
    [
        b"/a%2Fb",
        b"//a//b",
        b"/a/../b/./c",
        b"/a?x=%20&y=a+b&y=",
        b"/a?",
        b"/?/../x",
        b"/%zz",
        b"/\xe9",
    ],
)
async def test_a_target_passes_untouched(rig, target):
    """Nothing is decoded, merged, resolved or put in order on the way."""
    proxy = await rig()

    await proxy.ask(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert proxy.base.raw == b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_trailers_of_an_answer_pass(rig):
    """What comes behind the last chunk reaches the user, and the connection goes on."""
    answer = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\nX-Checksum: 1\r\n\r\n"
    )
    proxy = await rig(base=answering(answer))
    client = await proxy.client()

    assert (await client.ask(GET)).raw == answer
    assert (await client.ask(GET)).raw == answer
    assert len(proxy.base.visits) == 1


async def test_a_generation_may_take_as_long_as_it_likes(rig):
    """No limit holds for the whole: an answer outlasts each timeout many times over."""

    async def slow(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(15):
            await asyncio.sleep(0.1)
            await visit.say(b"3\r\nabc\r\n")
        await visit.say(b"0\r\n\r\n")

    proxy = await rig(
        base=slow,
        head_timeout_seconds=0.4,
        idle_timeout_seconds=0.4,
        first_byte_timeout_seconds=0.4,
        stream_idle_timeout_seconds=0.4,
    )

    assert (await proxy.ask(GET)).body == b"abc" * 15
