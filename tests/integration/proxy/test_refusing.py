"""What is refused: what two parsers could read in two ways, and what is too much."""

from __future__ import annotations

import asyncio

import pytest

from shadowmon.ipc.board import Count
from tests.integration.proxy.rig import Visit, answering, until


pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"

VECTORS = {
    "length and chunks": (400, POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "chunks and length": (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"),
    "two lengths": (400, POST + b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n"),
    "twice one length": (400, POST + b"Content-Length: 35\r\nContent-Length: 35\r\n\r\n"),
    "a list of lengths": (400, POST + b"Content-Length: 35, 35\r\n\r\n"),
    "a signed length": (400, POST + b"Content-Length: +35\r\n\r\n"),
    "a hexadecimal length": (400, POST + b"Content-Length: 0x23\r\n\r\n"),
    "an empty length": (400, POST + b"Content-Length: \r\n\r\n"),
    "an endless length": (400, POST + b"Content-Length: 9999999999999999999999\r\n\r\n"),
    "an unknown coding": (400, POST + b"Transfer-Encoding: xchunked\r\n\r\n"),
    "a coding before chunked": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    "chunked not last": (400, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n"),
    "chunked twice": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    "a tab in the coding": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n"),
    "a space before the colon": (400, POST + b"Transfer-Encoding : chunked\r\n\r\n"),
    "chunks in HTTP/1.0": (
        400,
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    "a folded line": (400, POST + b"X: a\r\n Content-Length: 35\r\n\r\n"),
    "a bare line feed": (400, POST + b"X: a\nContent-Length: 35\r\n\r\n"),
    "bare line feeds only": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a bare carriage return": (400, POST + b"X: a\rContent-Length: 35\r\n\r\n"),
    "a NUL": (400, POST + b"X: a\x00b\r\n\r\n"),
    "a line without a colon": (400, POST + b"nonsense\r\n\r\n"),
    "a space in a name": (400, POST + b"X Y: z\r\n\r\n"),
    "no name": (400, POST + b": z\r\n\r\n"),
    "a space before the first name": (400, b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    "no Host": (400, b"GET / HTTP/1.1\r\nX: y\r\n\r\n"),
    "two Hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    "a Host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "two different hosts": (400, b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a target of no form": (400, b"GET foo HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a star that is no OPTIONS": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two spaces in the first line": (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no version": (400, b"GET /\r\nHost: a\r\n\r\n"),
    "a control character in the target": (400, b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "another version": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "CONNECT": (405, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    "an unknown expectation": (417, POST + b"Expect: tea\r\nContent-Length: 35\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "request_head"), VECTORS.values(), ids=VECTORS)
async def test_an_ambiguous_head_is_refused(rig, status, request_head):
    """It gets its status, nothing of it reaches a model server, and nothing behind it is read."""
    proxy = await rig()
    client = await proxy.client()

    answer = await client.ask(request_head + SMUGGLED)

    assert answer.status == status
    assert b"connection: close" in answer.head
    assert await client.rest() == b""
    assert proxy.base.raw == b""
    assert proxy.count(Count.MALFORMED) == 1


CHUNKS = {
    "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "a size of no digits": b";x\r\nabc\r\n0\r\n\r\n",
    "a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n",
    "a bare line feed after the size": b"3\nabc\r\n0\r\n\r\n",
    "a bare line feed after the chunk": b"3\r\nabc\n0\r\n\r\n",
    "a chunk longer than it says": b"3\r\nabcd\r\n0\r\n\r\n",
    "an endless size": b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a NUL in an extension": b"3;\x00\r\nabc\r\n0\r\n\r\n",
    "a trailer without a colon": b"3\r\nabc\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    "a folded trailer": b"3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
async def test_ambiguous_chunks_are_refused(rig, chunks):
    """A body that is framed wrongly gets 400, its model server an abort, and nothing is kept."""
    proxy = await rig()
    client = await proxy.client()

    answer = await client.ask(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED)

    assert answer.status == 400
    assert proxy.base.requests == []
    assert b"smuggled" not in proxy.base.raw
    assert await proxy.nothing_handed_over()


ANSWERS = {
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\nok",
    "a folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "no HTTP at all": b"hello there\r\n\r\n",
    "an odd status": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "a head without an end": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_ambiguous_answer_is_not_passed_on(rig, answer):
    """The user gets a 502 of ours, and the connection to the model server is not used again."""
    proxy = await rig(base=answering(answer))

    got = await proxy.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert got.status == 502
    assert proxy.count(Count.UPSTREAM_FAILED) == 1
    await asyncio.wait_for((await proxy.base.visited()).ended.wait(), 5)


async def test_what_follows_an_answer_is_thrown_away(rig):
    """Bytes behind a whole answer reach nobody, and their connection is not used again."""
    proxy = await rig(
        base=answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Evil\r\n\r\n")
    )
    client = await proxy.client()

    first = await client.ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    second = await client.ask(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")

    assert first.body == second.body == b"ok"
    assert b"Evil" not in first.raw + second.raw
    assert len(proxy.base.visits) == 2


async def test_bytes_on_an_idle_connection_are_thrown_away(rig):
    """What a model server says unasked is never taken for the next answer."""

    async def chatty(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if len(proxy.base.visits) == 1:
            await told.wait()
            await visit.say(b"HTTP/1.1 200 Evil\r\nContent-Length: 0\r\n\r\n")
            await visit.until_gone()

    told = asyncio.Event()
    proxy = await rig(base=chatty)
    client = await proxy.client()

    await client.ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    told.set()
    await asyncio.wait_for(proxy.base.visits[0].ended.wait(), 5)
    second = await client.ask(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")

    assert second.body == b"ok"


@pytest.mark.parametrize("ends", [True, False])
async def test_a_head_that_is_too_large_is_refused(rig, ends):
    """Beyond head_max_bytes there is a 431, whether or not the head ever ends."""
    proxy = await rig(head_max_bytes=2048)
    client = await proxy.client()

    await client.say(POST + b"X: " + b"y" * 300_000 + (b"\r\n\r\n" if ends else b""))

    assert (await client.answer()).status == 431


async def test_no_model_is_no_route(rig):
    """A path on no route gets 404 when there is no default model, and is counted."""
    proxy = await rig(path_prefix="/v1/")

    answer = await proxy.ask(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == 404
    assert proxy.base.raw == b""
    assert proxy.count(Count.UNROUTED) == proxy.count(Count.SEEN) == 1


async def test_a_default_model_serves_the_rest(rig):
    """A path on no route is served by the default model, counted, and never handed over."""
    proxy = await rig(path_prefix="/v1/", default_model="int8")

    answer = await proxy.ask(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.status == 200
    assert len(proxy.int8.requests) == 1
    assert proxy.count(Count.UNROUTED) == 1
    assert await proxy.nothing_handed_over()


async def test_a_refusal_of_head_has_no_body(rig):
    """Our own answer to HEAD says how long it would be, and is no longer than its head."""
    proxy = await rig(path_prefix="/v1/")
    client = await proxy.client()

    await client.say(b"HEAD /other HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (await client.rest()).endswith(b"\r\n\r\n")


async def test_too_many_connections_are_closed_at_once(rig):
    """Beyond connections_max a connection is closed and counted, and the others go on."""
    proxy = await rig(connections_max=2)
    first, second = await proxy.client(), await proxy.client()
    await until(lambda: proxy.count(Count.CONNECTIONS) == 2)
    third = await proxy.client()

    try:
        refused = await third.rest()
    except ConnectionError:
        refused = b""

    assert refused == b""
    assert proxy.count(Count.CONNECTIONS_REFUSED) == 1
    for client in (first, second):
        assert (await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).status == 200
