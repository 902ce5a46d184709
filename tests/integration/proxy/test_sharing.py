"""Two real workers on one listening socket: how they share users, and what if one of them hangs."""

from __future__ import annotations

import asyncio
import signal
import statistics
import time

import pytest

from shadowmon.ipc.board import Count
from shadowmon.proxy.manners import open_on
from tests.integration.proxy.house import Workers
from tests.integration.proxy.rig import until


pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
USERS = 64
ROUNDS = 7


async def two(house: Workers) -> None:
    """Start two workers, and wait until they have seen each other."""
    slots = [house.board.slot(number) for number in range(2)]
    for number in range(2):
        house.start(worker=number)
    before = [sum(slot.lags()[0]) for slot in slots]
    await until(
        lambda: all(sum(slot.lags()[0]) > 1 + n for slot, n in zip(slots, before, strict=True))
    )


def connections(house: Workers) -> list[int]:
    """Return how many each worker has open."""
    return [open_on(house.board.slot(number)) for number in range(2)]


async def test_users_who_come_at_once_are_shared(workers):
    """Of 64 who come at the same time each worker gets about a half, in the median of rounds."""
    house = await workers()
    await two(house)
    most = []

    for _ in range(ROUNDS):
        clients = await asyncio.gather(*[house.client() for _ in range(USERS)])
        await until(lambda: sum(connections(house)) == USERS)
        most.append(max(connections(house)))
        for client in clients:
            client.leave()
        await until(lambda: sum(connections(house)) == 0)

    assert statistics.median(most) <= USERS / 2 + 8, most


async def test_users_are_served_while_a_worker_hangs(workers):
    """The other worker serves everyone who comes, though it has far more connections."""
    house = await workers()
    await two(house)
    hanging, _ = house.processes
    hanging.send_signal(signal.SIGSTOP)
    took = []

    for _ in range(USERS):
        began = time.monotonic()
        client = await house.client()
        assert (await client.ask(GET)).status == 200
        took.append(time.monotonic() - began)

    assert connections(house) == [0, USERS]
    assert statistics.median(took) < 0.5, took
    hanging.send_signal(signal.SIGCONT)


async def test_users_who_come_at_once_are_served_while_a_worker_hangs(workers):
    """Nobody is left waiting in the queue."""
    house = await workers()
    await two(house)
    hanging, _ = house.processes
    hanging.send_signal(signal.SIGSTOP)

    clients = await asyncio.gather(*[house.client() for _ in range(USERS)])
    answers = await asyncio.gather(*[client.ask(GET) for client in clients])

    assert [answer.status for answer in answers] == [200] * USERS
    hanging.send_signal(signal.SIGCONT)


async def test_what_a_killed_worker_had_open_is_not_open_for_ever(workers):
    """Its successor counts it as closed, and gets users like any other."""
    house = await workers()
    old = house.start()
    for _ in range(3):
        await (await house.client()).ask(GET)
    assert connections(house)[0] == 3

    old.kill()
    old.wait()
    await asyncio.to_thread(house.start)

    assert connections(house)[0] == 0
    assert house.board.slot(0).count(Count.CONNECTIONS) == 3
    assert (await (await house.client()).ask(GET)).status == 200
