"""Several servers of one model, and models and users on Unix sockets."""

from __future__ import annotations

import asyncio
import socket

from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest

from shadowmon.ipc.board import Count
from shadowmon.records import Ending
from tests.integration.proxy.rig import OK, Client, ModelServer, Visit, answering, until


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BUSY = b"HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy"


@pytest.fixture(name="servers")
async def _servers():
    """`await servers(script, …)` starts model servers; returns them and their addresses."""
    async with AsyncExitStack() as stack:

        async def servers(*scripts):
            started = [ModelServer(script) for script in scripts]
            for server in started:
                await server.start()
                stack.push_async_callback(server.end)
            return started, [f"http://127.0.0.1:{server.port}" for server in started]

        yield servers


async def silent(visit: Visit) -> None:
    """Take a request and say nothing."""
    await visit.request()
    await visit.until_gone()


async def closing(visit: Visit) -> None:
    """Take a request and close."""
    await visit.request()


async def test_requests_are_spread_over_addresses(rig, servers):
    """One after the other, each has about its share."""
    started, urls = await servers(*[answering(OK)] * 3)
    proxy = await rig(urls={"base": urls})

    for _ in range(30):
        assert (await proxy.ask(GET)).raw == OK

    shares = [len(server.requests) for server in started]
    assert sum(shares) == 30
    assert min(shares) >= 5, shares


async def test_the_busier_address_is_left_alone(rig, servers):
    """A server that is slow to answer gets little while the other one is quick."""
    (slow, quick), urls = await servers(silent, answering(OK))
    proxy = await rig(urls={"base": urls})
    stuck = [await proxy.client() for _ in range(4)]
    for client in stuck:
        await client.say(GET)
    await until(lambda: len(slow.requests) + len(quick.requests) == 4)
    held = len(slow.requests)

    for _ in range(20):
        client = await proxy.client()
        await client.say(GET)

    await until(lambda: len(slow.requests) + len(quick.requests) == 24)
    assert held <= len(slow.requests) <= 6


async def test_an_address_that_takes_no_connection_costs_no_request(rig, servers):
    """The next address is tried; the dead one soon rests, and that is counted."""
    (dead, alive), urls = await servers(answering(OK), answering(OK))
    proxy = await rig(urls={"base": urls}, rest_after_failures=2, rest_seconds=60.0)
    dead.stop()

    answers = [await proxy.ask(GET) for _ in range(20)]

    assert [answer.status for answer in answers] == [200] * 20
    assert len(alive.requests) == 20
    assert proxy.count(Count.RESTED) == 1
    assert proxy.count(Count.DETOURED) == 2
    assert proxy.count(Count.UPSTREAM_FAILED) == 0


@pytest.mark.parametrize("failing", [closing, answering(BUSY), silent])
async def test_an_address_that_keeps_failing_rests(rig, servers, failing):
    """No answer, a 503 or silence, so many times in a row: then others serve alone."""
    (bad, _), urls = await servers(failing, answering(OK))
    proxy = await rig(
        urls={"base": urls},
        rest_after_failures=2,
        rest_seconds=60.0,
        first_byte_timeout_seconds=0.1,
    )

    statuses = [(await proxy.ask(GET)).status for _ in range(24)]

    assert sum(status != 200 for status in statuses) == 2
    assert statuses[-12:] == [200] * 12
    assert len(bad.requests) == 2
    assert proxy.count(Count.RESTED) == 1


async def test_a_rest_ends(rig, servers):
    """An address that works again is used again."""
    (once, _), urls = await servers(silent, answering(OK))
    proxy = await rig(
        urls={"base": urls},
        rest_after_failures=1,
        rest_seconds=0.1,
        first_byte_timeout_seconds=0.1,
    )
    while proxy.count(Count.RESTED) == 0:
        await proxy.ask(GET)
    once.script = answering(OK)
    failed = len(once.requests)

    await asyncio.sleep(0.15)
    answers = [await proxy.ask(GET) for _ in range(6)]

    assert [answer.status for answer in answers] == [200] * 6
    assert len(once.requests) > failed


async def test_if_all_should_rest_none_does(rig, servers):
    """With every address failing each request is still tried somewhere."""
    started, urls = await servers(answering(BUSY), answering(BUSY))
    proxy = await rig(urls={"base": urls}, rest_after_failures=1, rest_seconds=60.0)

    answers = [await proxy.ask(GET) for _ in range(10)]

    assert [answer.raw for answer in answers] == [BUSY] * 10
    assert sum(len(server.requests) for server in started) == 10
    assert proxy.count(Count.RESTED) == 2


async def test_no_address_at_all_is_a_502(rig, servers):
    """Each address is tried once, and then the user is told."""
    started, urls = await servers(answering(OK), answering(OK), answering(OK))
    proxy = await rig(urls={"base": urls})
    for server in started:
        server.stop()

    assert (await proxy.ask(GET)).status == 502
    assert proxy.count(Count.DETOURED) == 2
    assert (await proxy.exchange()).served.ending is Ending.UNREACHABLE


# --- Unix sockets -----------------------------------------------------------


async def test_a_model_may_be_on_a_unix_socket(rig, tmp_path):
    """Its connections are kept and used again as any other's."""
    path = tmp_path / "model.sock"
    model = ModelServer(answering(OK))
    server = await asyncio.start_unix_server(model._visit, path)
    proxy = await rig(urls={"base": [f"http+unix://{quote(str(path), safe='')}"]})
    client = await proxy.client()

    answers = [await client.ask(GET), await client.ask(GET)]

    assert [answer.raw for answer in answers] == [OK, OK]
    assert len(model.visits) == 1
    proxy.station.pools["base"].close()
    server.close()
    await model.visits[0].ended.wait()


async def test_users_may_come_by_a_unix_socket(rig, tmp_path):
    """Requests and answers are as they are on a port."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "proxy.sock"))
    listening.listen()
    proxy = await rig(listening=listening)

    client = Client(*await asyncio.open_unix_connection(tmp_path / "proxy.sock"))
    proxy._clients.append(client)

    assert (await client.ask(GET)).raw == OK
    assert (await client.ask(GET)).raw == OK
    assert proxy.base.requests == [(GET, b"")] * 2
