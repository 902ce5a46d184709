"""Tunnels: what happens after a 101, and when one end goes or stalls."""

from __future__ import annotations

import asyncio

import pytest

from shadowmon.ipc.board import Count
from tests.integration.proxy.rig import OK, Visit, until


GET = b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def echo(visit: Visit) -> None:
    """Switch, then answer in capitals."""
    await visit.request()
    await visit.say(SWITCHING)
    while data := await visit.reader.read(100):
        await visit.say(data.upper())


async def switched(proxy):
    """Return a client whose connection is a tunnel."""
    client = await proxy.client()
    await client.say(UPGRADE)
    await client.reader.readuntil(b"\r\n\r\n")
    return client


async def test_an_upgrade_becomes_a_tunnel(rig):
    """After a 101 bytes pass both ways as they are, and nothing of it is handed over."""

    async def echo(visit: Visit) -> None:
        await visit.request()
        await visit.say(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"X: y\r\n\r\nhi"
        )
        while data := await visit.reader.read(100):
            await visit.say(data.upper())

    proxy = await rig(base=echo)
    client = await proxy.client()

    await client.say(
        b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly"
    )
    head = await client.reader.readuntil(b"\r\n\r\n")
    said = await client.reader.readexactly(len(b"hiEARLY"))
    await client.say(b"late")
    said += await client.reader.readexactly(4)
    client.leave()

    assert b"upgrade: websocket\r\n" in head
    assert said == b"hiEARLYLATE"
    await asyncio.wait_for((await proxy.base.visited()).ended.wait(), 5)
    assert proxy.count(Count.TUNNELLED) == 1
    assert await proxy.nothing_handed_over()


async def test_an_upgrade_that_is_declined_stays_http(rig):
    """If the model server answers as usual, so do we, and the next request is read as usual."""
    proxy = await rig()
    client = await proxy.client()

    first = await client.ask(
        b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    second = await client.ask(GET)

    assert first.raw == second.raw == OK


async def test_what_the_model_server_said_last_still_arrives(rig):
    """When the model server closes, its last bytes reach the user, and then the end does."""

    async def farewell(visit: Visit) -> None:
        await visit.request()
        await visit.say(SWITCHING + b"x" * 1_000_000)
        visit.close()

    proxy = await rig(base=farewell)
    client = await switched(proxy)

    assert await client.rest() == b"x" * 1_000_000
    await until(lambda: not proxy.station.users)


async def test_what_the_user_said_last_still_arrives(rig):
    """When the user closes, its last bytes reach the model server, and then the end does."""

    async def listen(visit: Visit) -> None:
        await visit.request()
        await visit.say(SWITCHING)
        await visit.until_gone()

    proxy = await rig(base=listen)
    client = await switched(proxy)

    await client.say(b"bye")
    client.writer.close()

    visit = await proxy.base.visited()
    await asyncio.wait_for(visit.ended.wait(), 5)
    assert visit.raw.endswith(b"\r\n\r\nbye")


async def test_backpressure_goes_through_a_tunnel(rig):
    """A user who does not read stops the model server, and reading on starts it again."""
    size = 32 * 2**20
    sent = 0

    async def firehose(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.say(SWITCHING)
        for _ in range(size // 65_536):
            await visit.say(b"x" * 65_536)
            sent += 65_536
        visit.close()

    proxy = await rig(base=firehose)
    client = await switched(proxy)
    await asyncio.sleep(0.3)

    assert sent < size - 2**20
    assert len(await client.rest()) == size


async def test_a_tunnel_that_stalls_is_cut(rig):
    """A tunnel on which nothing moves for too long ends with a reset, at both ends."""
    proxy = await rig(base=echo, stream_idle_timeout_seconds=0.2)
    client = await switched(proxy)

    with pytest.raises(ConnectionResetError):
        await client.rest()

    await asyncio.wait_for((await proxy.base.visited()).ended.wait(), 5)


async def test_a_tunnel_counts_as_a_connection(rig):
    """A connection that became a tunnel still counts, until it ends, and holds up a drain."""
    proxy = await rig(base=echo)
    client = await switched(proxy)

    proxy.station.drain()
    await client.say(b"still here")
    said = await client.reader.readexactly(len(b"STILL HERE"))
    was_empty = proxy.station.empty.is_set()
    client.leave()

    await asyncio.wait_for(proxy.station.empty.wait(), 5)
    assert (said, was_empty) == (b"STILL HERE", False)
    assert proxy.count(Count.CONNECTIONS) == proxy.count(Count.CONNECTIONS_CLOSED) == 1
