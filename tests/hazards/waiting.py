"""Hazards of time: who is too slow, who must be let go on, and what may not be kept back."""

from __future__ import annotations

import asyncio
import time

from tests.hazards.stage import GET, PATIENCE_SECONDS, TIMEOUT_SECONDS, Stage, hazard, with_fields
from tests.integration.proxy.rig import OK, Visit


EVENT_WITHIN_SECONDS = 0.1
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def _ends(stage: Stage, beginning: bytes, drop: bytes) -> float:
    """Send a beginning, then a byte now and then; return the seconds until it is ended."""
    user = await stage.user()
    await user.say(beginning)
    began = time.monotonic()
    end = asyncio.ensure_future(user.reader.read(-1))
    try:
        while not end.done():
            assert time.monotonic() - began < PATIENCE_SECONDS, "it may go on for ever"
            await asyncio.wait([end], timeout=0.2)
            if drop and not end.done():
                user.writer.write(drop)
    finally:
        end.cancel()
        await asyncio.wait([end])
    return time.monotonic() - began


@hazard
async def a_head_that_takes_its_time(stage: Stage) -> None:
    """A user who sends a byte of a head now and then is shown the door (slowloris)."""
    assert await _ends(stage, b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ", b"a") >= TIMEOUT_SECONDS / 2
    assert not stage.model.visits


@hazard
async def a_body_that_stops(stage: Stage) -> None:
    """A user whose body stops coming is shown the door, and the model server is told."""

    async def reading(visit: Visit) -> None:
        await visit.head()
        await visit.until_gone()

    stage.plays(reading)
    await _ends(stage, with_fields(b"Content-Length: 1000", body=b"ab"), b"")
    visit = await stage.model.visited()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await visit.ended.wait()


@hazard
async def a_stream_that_stops(stage: Stage) -> None:
    """A stream that stops coming is cut, never ended cleanly."""

    async def stalling(visit: Visit) -> None:
        await visit.request()
        await visit.say(STREAM + b"2\r\nab\r\n")
        await visit.until_gone()

    stage.plays(stalling)
    user = await stage.user()
    await user.say(GET)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            rest = await user.rest()
    except ConnectionError:
        return
    assert not rest.endswith(b"0\r\n\r\n")


@hazard
async def events_one_by_one(stage: Stage) -> None:
    """Each event of a stream reaches the user before the next one is made."""
    go_on = asyncio.Event()

    async def streaming(visit: Visit) -> None:
        await visit.request()
        await visit.say(STREAM)
        for number in range(5):
            await visit.say(b"9\r\ndata: %d\n\n\r\n" % number)
            await go_on.wait()
            go_on.clear()
        await visit.say(b"0\r\n\r\n")

    stage.plays(streaming)
    user = await stage.user()
    await user.say(GET)
    for number in range(5):
        began = time.monotonic()
        await user.reader.readuntil(b"data: %d\n\n" % number)
        assert time.monotonic() - began < EVENT_WITHIN_SECONDS
        go_on.set()
    await user.reader.readuntil(b"0\r\n\r\n")


@hazard
async def a_long_generation(stage: Stage) -> None:
    """A stream that goes on may take longer than any single wait may."""

    async def long(visit: Visit) -> None:
        await visit.request()
        await visit.say(STREAM)
        for _ in range(5):
            await asyncio.sleep(TIMEOUT_SECONDS * 0.4)
            await visit.say(b"1\r\na\r\n")
        await visit.say(b"0\r\n\r\n")

    stage.plays(long)
    assert (await stage.ask(GET)).body == b"aaaaa"


@hazard
async def a_head_of_an_answer_in_two_parts(stage: Stage) -> None:
    """An answer's head that comes in pieces is the same head."""

    async def dripping(visit: Visit) -> None:
        await visit.request()
        for byte in OK:
            await visit.say(bytes([byte]))
            await asyncio.sleep(0.001)

    stage.plays(dripping)
    assert (await stage.ask(GET)).body == b"ok"


@hazard
async def a_conversation_of_another_kind(stage: Stage) -> None:
    """An upgrade that both ends agree on is a tunnel, in both directions."""

    async def talking(visit: Visit) -> None:
        await visit.head()
        await visit.say(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-accept: x\r\n\r\n"
        )
        while data := await visit.reader.read(100):
            await visit.say(data.upper())

    stage.plays(talking)
    user = await stage.user()
    answer = await user.ask(
        b"GET /v1/realtime HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert answer.status == 101
    for word in (b"hello", b"world"):
        await user.say(word)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await user.reader.readexactly(5) == word.upper()
