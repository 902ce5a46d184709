"""Hazards of a request's body: its chunks, its size, and who waits for whom."""

from __future__ import annotations

import asyncio

from hashlib import sha256

from tests.hazards.stage import (
    ABSORBED_MAX,
    Stage,
    hazard,
    names,
    post,
    refuses,
    with_fields,
)
from tests.integration.proxy.rig import OK, Visit


CHUNKED = b"Transfer-Encoding: chunked"
LARGE = bytes(range(256)) * (20 * 2**20 // 256)
FLOOD_BYTES = 64 * 2**20

BAD_CHUNKS = [
    b"0x2\r\nab\r\n0\r\n\r\n",
    b"-2\r\nab\r\n0\r\n\r\n",
    b"+2\r\nab\r\n0\r\n\r\n",
    b" 2\r\nab\r\n0\r\n\r\n",
    b"\r\nab\r\n0\r\n\r\n",
    b"2\r\nabc\r\n0\r\n\r\n",
    b"2\r\nab0\r\n\r\n",
    b"g\r\nab\r\n0\r\n\r\n",
    b"fffffffffffffffff2\r\nab\r\n0\r\n\r\n",
    b"2_0\r\nab\r\n0\r\n\r\n",
]


@hazard
async def chunks_that_are_none(stage: Stage) -> None:
    """A chunk whose size two readers could read in two ways is refused."""
    for chunks in BAD_CHUNKS:
        await refuses(stage, with_fields(CHUNKED, body=chunks), part=True)


@hazard
async def bare_line_feeds_in_chunks(stage: Stage) -> None:
    """A chunk's line ends with CRLF, or the request is refused."""
    await refuses(stage, with_fields(CHUNKED, body=b"2\nab\n0\n\n"), part=True)


@hazard
async def extensions_of_chunks(stage: Stage) -> None:
    """What is said beside a chunk's size never becomes a part of the body."""
    chunks = b"2;a=b\r\nab\r\n0;last\r\n\r\n"
    answer = await stage.reply(with_fields(CHUNKED, body=chunks))
    whole = stage.model.requests
    assert [body for _, body in whole] == [b"ab"] or (answer is None or answer.status >= 400)


@hazard
async def trailers_of_a_request(stage: Stage) -> None:
    """A trailer never becomes a field of the head, least of all one that frames."""
    chunks = b"2\r\nab\r\n0\r\nContent-Length: 50\r\nX-Admin: 1\r\n\r\n"
    await stage.reply(with_fields(CHUNKED, body=chunks))
    for head, _ in stage.model.requests:
        assert not {b"content-length", b"x-admin"} & names(head)


@hazard
async def trailers_without_end(stage: Stage) -> None:
    """Trailers of 1 MB are refused, not kept."""
    chunks = b"2\r\nab\r\n0\r\n" + b"X-A: " + b"a" * 2**20 + b"\r\n\r\n"
    await refuses(stage, with_fields(CHUNKED, body=chunks), part=True)


@hazard
async def large_bodies(stage: Stage) -> None:
    """Twenty megabytes arrive as they were sent, in both directions."""

    async def echo(visit: Visit) -> None:
        _, body = await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    stage.plays(echo)
    answer = await stage.ask(post(LARGE))
    assert sha256(answer.body).digest() == sha256(LARGE).digest()


@hazard
async def a_user_who_waits_for_continue(stage: Stage) -> None:
    """A user that sends its body only after 100 gets one, though the model server knows none."""
    user = await stage.user()
    head, _, body = post(b"hello", b"Expect: 100-continue").partition(b"\r\n\r\n")
    assert (await user.ask(head + b"\r\n\r\n")).status == 100
    assert (await user.ask(body)).status == 200


@hazard
async def an_early_answer(stage: Stage) -> None:
    """An answer that comes before the request's end reaches the user."""

    async def too_large(visit: Visit) -> None:
        await visit.head()
        await visit.say(
            b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
        )
        await visit.until_gone()

    stage.plays(too_large)
    user = await stage.user()
    await user.say(b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"a" * 900)
    answer = await user.answer()
    assert (answer.status, answer.body) == (413, b"no")


@hazard
async def a_user_faster_than_the_model(stage: Stage) -> None:
    """A model server that does not read holds the user up; the proxy does not keep it all."""

    hear_again = asyncio.Event()

    async def deaf(visit: Visit) -> None:
        await visit.head()
        await hear_again.wait()

    stage.plays(deaf)
    user = await stage.user()
    user.writer.write(with_fields(b"Content-Length: %d" % FLOOD_BYTES))
    sent = 0
    while sent < FLOOD_BYTES:
        user.writer.write(bytes(2**20))
        try:
            async with asyncio.timeout(0.3):
                await user.writer.drain()
        except TimeoutError:
            break
        sent += 2**20
    hear_again.set()
    assert sent <= ABSORBED_MAX, f"{sent >> 20} MB were taken"


@hazard
async def a_model_faster_than_the_user(stage: Stage) -> None:
    """A user who does not read holds the model server up; the proxy does not keep it all."""
    sent = 0

    async def flood(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % FLOOD_BYTES)
        while sent < FLOOD_BYTES:
            async with asyncio.timeout(0.3):
                await visit.say(bytes(2**20))
            sent += 2**20

    async def until_held(visit: Visit) -> None:
        try:
            await flood(visit)
        except TimeoutError:
            visit.writer.transport.abort()

    stage.plays(until_held)
    user = await stage.user()
    await user.say(post(b"x"))
    visit = await stage.model.visited()
    async with asyncio.timeout(10):
        await visit.ended.wait()
    assert sent <= ABSORBED_MAX, f"{sent >> 20} MB were taken"


@hazard
async def a_body_passed_on_as_it_comes(stage: Stage) -> None:
    """The model server gets the first half of a body while the second is not there yet."""
    got = asyncio.Event()

    async def half(visit: Visit) -> None:
        await visit.head()
        await visit.reader.readexactly(4)
        got.set()
        await visit.reader.readexactly(4)
        await visit.say(OK)

    stage.plays(half)
    user = await stage.user()
    await user.say(with_fields(b"Content-Length: 8", body=b"half"))
    async with asyncio.timeout(1):
        await got.wait()
    assert (await user.ask(b"more")).status == 200
