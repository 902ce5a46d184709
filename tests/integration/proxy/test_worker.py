"""A real worker process: started as the daemon starts it, ended as the daemon ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

from pathlib import Path

import msgspec
import pytest

from shadowmon.ipc.board import Count, TrialCell
from shadowmon.ipc.handover import receive
from shadowmon.proxy import plan as plans
from tests.integration.proxy.rig import OK, Visit, a_plan, until


one_loop = pytest.mark.asyncio(loop_factories=["uvloop"])

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def _ended(process: subprocess.Popen[bytes]) -> int:
    await until(lambda: process.poll() is not None)
    return int(process.returncode)


@one_loop
async def test_a_worker_serves_counts_and_hands_over(workers):
    """One request through a real process: the answer, the board, and the exchange."""
    house = await workers()
    house.board.set_trial(0, TrialCell.WEIGHT, 10_000)
    house.start()

    answer = await (await house.client()).ask(GET)

    assert answer.raw == OK
    assert len(house.int8.requests) == 1
    await until(lambda: house.board.slot(0).count(Count.HANDED_OVER) == 1)
    (exchange,) = receive(house.taken)
    assert exchange.served is not None
    assert exchange.served.model == "int8"


@one_loop
async def test_a_worker_says_that_a_model_cannot_be_reached(workers):
    """A line of JSON on its standard error, which is the daemon's."""
    house = await workers()
    process = house.start(worker=3)
    address = f"127.0.0.1:{house.base.port}"
    house.base.stop()

    answer = await (await house.client()).ask(GET)

    said = json.loads(await asyncio.to_thread(process.stderr.readline))
    assert answer.status == 502
    assert said.pop("why")
    assert said == {
        "event": "proxy.model_unreachable",
        "worker": 3,
        "model": "base",
        "address": address,
    }


@one_loop
async def test_requests_under_way_are_finished_on_sigterm(workers):
    """SIGTERM: idle connections end, new ones are refused, a stream goes on to its end; exit 0."""
    go = asyncio.Event()

    async def stream(visit: Visit) -> None:
        head, _ = await visit.request()
        if b"/idle" in head:
            await visit.say(OK)
            await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        await visit.say(b"3\r\ntwo\r\n0\r\n\r\n")

    house = await workers(base=stream)
    process = house.start()
    idle, busy = await house.client(), await house.client()
    await idle.ask(GET.replace(b"/", b"/idle", 1))
    await busy.say(GET)
    await busy.reader.readuntil(b"one\r\n")
    await until(lambda: house.board.slot(0).count(Count.CONNECTIONS) == 2)

    process.send_signal(signal.SIGTERM)
    nothing = await idle.rest()
    late = await house.client()
    await late.say(GET)
    go.set()
    rest = await busy.rest()

    assert nothing == b""
    assert rest == b"3\r\ntwo\r\n0\r\n\r\n"
    assert await _ended(process) == 0
    assert json.loads(process.stderr.readline())["connections_cut"] == 0
    assert house.board.slot(0).count(Count.CONNECTIONS) == 2


@one_loop
async def test_a_connection_may_send_its_last_request_while_we_drain(workers):
    """A request that was on its way at SIGTERM is answered, and the answer says: no more."""
    house = await workers()
    process = house.start()
    client, fresh = await house.client(), await house.client()
    await client.ask(GET)
    await until(lambda: house.board.slot(0).count(Count.CONNECTIONS) == 2)

    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.2)
    answers = [await client.ask(GET), await fresh.ask(GET)]

    assert [answer.status for answer in answers] == [200, 200]
    assert all(b"connection: close\r\n" in answer.head for answer in answers)
    assert await client.rest() == await fresh.rest() == b""
    assert await _ended(process) == 0


@one_loop
async def test_what_does_not_end_is_cut(workers):
    """After drain_seconds the rest is cut, and told."""

    async def endless(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await visit.until_gone()

    house = await workers(base=endless)
    process = house.start(drain_seconds=0.2)
    client = await house.client()
    await client.say(GET)
    await client.reader.readuntil(b"one\r\n")

    process.send_signal(signal.SIGTERM)

    assert await _ended(process) == 0
    assert json.loads(process.stderr.readline())["connections_cut"] == 1


@one_loop
async def test_a_worker_is_replaced_without_a_lost_request(workers):
    """New workers take over from old ones on the same socket while users keep coming."""
    house = await workers()
    old = house.start()
    failed = served = 0
    done = asyncio.Event()

    async def users() -> None:
        nonlocal failed, served
        while not done.is_set():
            try:
                client = await house.client()
                answer = await client.ask(
                    GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
                )
                served += answer.status == 200
                client.leave()
            except (OSError, asyncio.IncompleteReadError):
                failed += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(users())
        for round_ in range(1, 3):
            new = await asyncio.to_thread(house.start)
            old.send_signal(signal.SIGTERM)
            assert await _ended(old) == 0
            old = new
            enough = 40 * round_
            await until(lambda: served + failed > enough)  # noqa: B023 - awaited at once
        done.set()

    assert served > 20
    assert failed == 0


@one_loop
async def test_a_worker_ends_with_its_parent(workers):
    """A worker whose parent is another process than it was told ends at once."""
    house = await workers()
    read, write = os.pipe()
    plan = msgspec.structs.replace(a_plan((1, 2)), parent_pid=1)
    os.write(write, plans.encode(plan))
    os.close(write)
    fds = [read, house.listener.fileno(), house.board.fd]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "shadowmon.proxy.worker"),
            *(f"--plan-fd={fds[0]}", f"--listen-fd={fds[1]}", f"--board-fd={fds[2]}"),
        ],
        pass_fds=fds,
    )
    os.close(read)

    assert await asyncio.to_thread(process.wait, 10) == 0


@one_loop
async def test_a_worker_does_not_outlive_a_killed_parent(workers):
    """When the parent is killed the kernel sends SIGTERM, and the worker drains and ends."""
    house = await workers()
    plan = a_plan((1, 2))
    fd = os.memfd_create("plan")
    parent = (
        "import os, subprocess, sys, msgspec\n"
        "from shadowmon.proxy import plan as plans\n"
        "plan, listen, board = map(int, sys.argv[1:])\n"
        "told = plans.decode(os.pread(plan, 100_000, 0))\n"
        "os.ftruncate(plan, 0)\n"
        "told = msgspec.structs.replace(told, parent_pid=os.getpid())\n"
        "os.pwrite(plan, plans.encode(told), 0)\n"
        "child = subprocess.Popen([sys.executable, '-m', 'shadowmon.proxy.worker',\n"
        "    f'--plan-fd={plan}', f'--listen-fd={listen}', f'--board-fd={board}'],\n"
        "    pass_fds=(plan, listen, board), stderr=subprocess.PIPE)\n"
        "child.stderr.readline()\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    os.pwrite(fd, plans.encode(plan), 0)
    fds = (fd, house.listener.fileno(), house.board.fd)
    process = subprocess.Popen(
        [sys.executable, "-c", parent, *map(str, fds)], pass_fds=fds, stdout=subprocess.PIPE
    )
    os.close(fd)
    assert process.stdout is not None
    worker = int(await asyncio.to_thread(process.stdout.readline))

    process.kill()
    process.wait()
    process.stdout.close()

    await until(lambda: not _runs(worker))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_imports_little():
    """Neither configuration nor web framework nor numerics are loaded in a data-plane process."""
    heavy = ["pydantic", "numpy", "aiohttp", "structlog", "sqlalchemy", "yaml", "scipy"]
    began = time.perf_counter()

    said = subprocess.run(
        [sys.executable, "-c", "import sys, shadowmon.proxy.worker; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()

    assert [module for module in heavy if module in said] == []
    assert time.perf_counter() - began < 10
