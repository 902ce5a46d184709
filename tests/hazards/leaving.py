"""Hazards of connections that end: users who leave, model servers that close, and who is told."""

from __future__ import annotations

import asyncio
import time

from statistics import median

from tests.hazards.stage import GET, PATIENCE_SECONDS, Stage, hazard, post, with_fields
from tests.integration.proxy.rig import OK, Visit


TOLD_WITHIN_SECONDS = 0.1
"""A generation that nobody reads costs as much as any other: so soon the model server is told."""


async def _told(stage: Stage, request: bytes, script) -> float:
    """Return the seconds, of three times, after which a model server learns that a user left."""
    stage.plays(script)
    taken = []
    for times in range(1, 4):
        user = await stage.user()
        await user.say(request)
        visit = await stage.model.visited(times)
        while not visit.requests and not visit.raw:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        began = time.monotonic()
        user.leave()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await visit.ended.wait()
        taken.append(time.monotonic() - began)
    return median(taken)


async def _silent(visit: Visit) -> None:
    await visit.request()
    await visit.until_gone()


async def _streaming(visit: Visit) -> None:
    await visit.request()
    await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
    await visit.until_gone()


async def _reading(visit: Visit) -> None:
    await visit.head()
    await visit.until_gone()


@hazard
async def a_user_who_leaves_before_the_answer(stage: Stage) -> None:
    """The model server is told within 100 ms when a user leaves before the first byte."""
    assert await _told(stage, post(b"x"), _silent) <= TOLD_WITHIN_SECONDS


@hazard
async def a_user_who_leaves_during_a_stream(stage: Stage) -> None:
    """The model server is told within 100 ms when a user leaves a stream."""
    assert await _told(stage, post(b"x"), _streaming) <= TOLD_WITHIN_SECONDS


@hazard
async def a_user_who_leaves_while_uploading(stage: Stage) -> None:
    """Half a request is never ended for a user who left: it is broken off."""
    stage.plays(_reading)
    user = await stage.user()
    await user.say(with_fields(b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n"))
    visit = await stage.model.visited()
    await asyncio.sleep(0.05)
    user.leave()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await visit.ended.wait()
    assert b"0\r\n\r\n" not in visit.raw


@hazard
async def half_a_goodbye(stage: Stage) -> None:
    """A user who closes one direction is answered, or gone: nobody hangs."""

    async def slow(visit: Visit) -> None:
        await visit.request()
        await asyncio.sleep(0.1)
        await visit.say(OK)

    stage.plays(slow)
    user = await stage.user()
    await user.say(GET)
    user.writer.write_eof()
    rest = await user.rest()
    assert not rest or rest.endswith(b"ok")


@hazard
async def a_server_that_closes_as_the_next_request_comes(stage: Stage) -> None:
    """A POST that meets a connection closing in its idle time is answered all the same."""

    async def once(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if len(stage.model.visits) == 1:
            await visit.head()  # the race: the request is there, and the server had closed before

    stage.plays(once)
    user = await stage.user()
    await user.ask(post(b"a"))
    assert (await user.ask(post(b"b"))).status == 200


@hazard
async def a_reused_connection_that_is_reset(stage: Stage) -> None:
    """A GET on a reused connection that is reset without an answer is asked again."""

    async def reset(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if len(stage.model.visits) == 1:
            await visit.head()
            visit.writer.transport.abort()

    stage.plays(reset)
    user = await stage.user()
    await user.ask(GET)
    assert (await user.ask(GET)).status == 200


@hazard
async def a_server_that_closed_while_idle(stage: Stage) -> None:
    """A connection that was closed while nothing was asked of it costs nobody an error."""

    async def once(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)

    stage.plays(once)
    user = await stage.user()
    for _ in range(3):
        assert (await user.ask(post(b"a"))).status == 200
        await asyncio.sleep(0.02)


@hazard
async def a_request_that_kills_the_server(stage: Stage) -> None:
    """A POST whose new connection died over it is not sent to the next one."""

    async def dying(visit: Visit) -> None:
        await visit.request()
        visit.writer.transport.abort()

    stage.plays(dying)
    answer = await stage.reply(post(b"a"))
    assert answer is None or answer.status >= 500
    assert len(stage.model.requests) == 1


@hazard
async def a_stream_that_broke_is_not_begun_again(stage: Stage) -> None:
    """Once a byte of an answer is out, nothing is asked a second time."""

    async def broken(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        visit.writer.transport.abort()

    stage.plays(broken)
    try:
        answer = await stage.ask(GET)
    except (asyncio.IncompleteReadError, ConnectionError):
        answer = None
    assert answer is None or answer.status >= 500
    assert len(stage.model.requests) == 1


@hazard
async def a_server_that_is_not_there(stage: Stage) -> None:
    """Where connections are made and reset at once there is a 5xx at once, every time."""

    async def gone(visit: Visit) -> None:
        visit.writer.transport.abort()

    stage.plays(gone)
    for _ in range(10):
        answer = await stage.reply(GET)
        assert answer is not None
        assert answer.status >= 500
