"""Half of what the machine can carry, for long, with users who leave: nothing grows."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from benchmarks.proxy_ours import shadowmon_proxy
from shadowmon.ipc.board import Count
from tests.daemons import a_configuration, running
from tests.e2e.test_floods import family, resident_bytes
from tests.e2e.test_rolling_restart import BODY, POST, quick_models


CONNECTIONS = 16
LEAVING = 0.01
"""Of all requests: their users leave before the answer."""
PACE_MAX = 4000
"""Requests per second; half of what a quick machine carries, client and model server included."""
GROWTH_PER_MINUTE = 2**20
WARM_UP = 0.3
"""Of the whole time."""


@dataclass
class Paced:
    """Users who ask so many times per second altogether, and some of whom leave."""

    port: int
    pace: float = 0.0
    """0: as fast as they are answered."""
    answered: int = 0
    left: int = 0
    errors: list[str] = field(default_factory=list)
    _sent: int = 0

    async def ask(self, seconds: float, *, requests: int = 0) -> float:
        """Ask for so long, and until so many are answered; return the requests per second."""
        began, before = time.monotonic(), self.answered

        def goes_on() -> bool:
            return time.monotonic() < began + seconds or self.answered < before + requests

        self._sent = 0
        async with asyncio.TaskGroup() as tasks:
            for number in range(CONNECTIONS):
                tasks.create_task(self._one(random.Random(number), began, goes_on))
        return (self.answered - before) / (time.monotonic() - began)

    async def _one(self, dice: random.Random, began: float, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(writer):
                leaves = False
                while not leaves and goes_on():
                    await self._turn(began)
                    leaves = dice.random() < LEAVING
                    await self._exchange(reader, writer, leaves=leaves)

    async def _turn(self, began: float) -> None:
        self._sent += 1
        ahead = began + self._sent / self.pace - time.monotonic() if self.pace else 0.0
        if ahead > 0.002:
            await asyncio.sleep(ahead)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, leaves: bool
    ) -> None:
        writer.write(POST)
        if leaves:
            self.left += 1
            await asyncio.sleep(0)
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(10):
                await reader.readuntil(b"\r\n\r\n")
                whole = await reader.readexactly(len(BODY)) == BODY
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.errors.append(repr(error))
            raise
        self.answered += whole


@dataclass
class Seen:
    """What processes held, second by second."""

    seconds: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def look(self, pid: int) -> None:
        """Look once."""
        self.seconds.append(time.monotonic())
        self.resident.append(resident_bytes(pid))
        self.descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def growth_per_minute(self) -> float:
        """Return the slope of resident memory after the warm-up, in bytes per minute."""
        warm = int(len(self.seconds) * WARM_UP)
        slope = np.polyfit(self.seconds[warm:], self.resident[warm:], 1)[0]
        return float(slope * 60)


async def soaked(
    port: int, pids: list[int], seconds: float, *, requests: int = 0
) -> tuple[Paced, dict[int, Seen]]:
    """
    Ask at half of what is possible, and look at these processes meanwhile.

    On a machine that is busy otherwise it takes longer until `requests` are answered, too.
    """
    users = Paced(port)
    users.pace = min(await users.ask(1.0) / 2, PACE_MAX)
    seen = {pid: Seen() for pid in pids}

    async def look_on(asking: asyncio.Task[float]) -> None:
        while not asking.done():
            for pid, each in seen.items():
                each.look(pid)
            await asyncio.sleep(min(1.0, seconds / 20))

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(users.ask(seconds, requests=requests))
        tasks.create_task(look_on(asking))
    await asyncio.sleep(0.3)
    return users, seen


async def test_a_data_plane_worker_keeps_its_size(tmp_path):
    """After a warm-up a worker neither grows by a megabyte nor keeps a descriptor."""
    async with contextlib.AsyncExitStack() as stack:
        (model,) = await stack.enter_async_context(quick_models("fp32"))
        proxy = stack.enter_context(shadowmon_proxy(tmp_path, model.port, cpu=None))
        users, seen = await soaked(proxy.port, [proxy.pid], 3.0, requests=1000)
        seen[proxy.pid].look(proxy.pid)
        open_ = proxy.count(Count.CONNECTIONS) - proxy.count(Count.CONNECTIONS_CLOSED)

    here = seen[proxy.pid]
    warm = int(len(here.seconds) * WARM_UP)
    assert users.errors == []
    assert users.left > 0
    assert open_ == 0
    assert max(here.resident[warm:]) - here.resident[warm] < 2**20
    # At the end no user is there any more; what is idle towards the models may still be.
    assert here.descriptors[-1] <= max(here.descriptors[warm:])


@pytest.mark.slow
@pytest.mark.parametrize(("minutes", "hurry"), [(3, {"tick_seconds": 0.2}), (10, {})])
async def test_no_process_of_a_daemon_grows(minutes, hurry, tmp_path):
    """Over minutes no process grows by a megabyte a minute, nor in descriptors."""
    async with contextlib.AsyncExitStack() as stack:
        models = await stack.enter_async_context(quick_models("fp32", "int8"))
        settings = a_configuration(models)
        settings["rollout"]["climb"] = False
        settings["daemon"] = hurry
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        assert daemon.process
        port = int(settings["proxy"]["listen"].rpartition(":")[2])
        users, seen = await soaked(port, family(daemon.process.pid), minutes * 60.0)

    assert users.errors == []
    for each in seen.values():
        warm = int(len(each.seconds) * WARM_UP)
        assert each.growth_per_minute() < GROWTH_PER_MINUTE, each.resident[::20]
        # Connections come and go with the users who leave: they do not add up.
        half = (warm + len(each.seconds)) // 2
        assert max(each.descriptors[half:]) <= max(each.descriptors[warm:half]) + CONNECTIONS / 2
