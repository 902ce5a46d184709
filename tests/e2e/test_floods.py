"""
More requests than scoring can ever take, while the optimized model hangs and scoring stands still.

Users notice nothing, no process grows beyond its bound, and every request that was offered is
accounted for: each was scored, or dropped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.daemons import Daemon, Model, a_configuration, running
from tests.e2e.test_rolling_restart import CONNECTIONS, Hammering, quick_models
from tests.served import Connection, serving


MEMORY_BOUND = int(256 * 2**20 * 1.1)
"""Bytes of resident memory, of each process of the daemon."""
SETTLED_SECONDS = 30.0
CALL_SECONDS = 0.2


def family(pid: int) -> list[int]:
    """Return a process and all that come of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Most:
    """The most memory that any process of a daemon was seen to hold."""

    daemon: Daemon
    bytes: dict[int, int] = field(default_factory=dict)

    async def watch(self, seconds: float) -> None:
        """Look now and then."""
        until = asyncio.get_running_loop().time() + seconds
        assert self.daemon.process
        while asyncio.get_running_loop().time() < until:
            for pid in family(self.daemon.process.pid):
                with contextlib.suppress(OSError):
                    self.bytes[pid] = max(self.bytes.get(pid, 0), resident_bytes(pid))
            await asyncio.sleep(0.2)


async def sums(daemon: Daemon, name: str) -> dict[str, float]:
    """Return a metric's samples by their labels as they are written."""
    text = await daemon.get("/metrics")
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, flags=re.MULTILINE)
    return {labels: float(value) for labels, value in found}


async def settled(daemon: Daemon, offered: int) -> dict[str, float]:
    """Wait until everything that was offered has a fate; return the fates of the trial."""

    async def all_told() -> bool:
        exchanges = await sums(daemon, "shadowmon_exchanges_total")
        proxy = {key: value for key, value in exchanges.items() if 'source="proxy"' in key}
        mirror = {key: value for key, value in exchanges.items() if 'source="mirror"' in key}
        passed_on = proxy['source="proxy",fate="mirrored"']
        return sum(proxy.values()) == offered and sum(mirror.values()) == passed_on

    await daemon.until(all_told, seconds=SETTLED_SECONDS)
    return await sums(daemon, "shadowmon_trial_exchanges_total")


@pytest.mark.parametrize("seconds", [1.0, pytest.param(60.0, marks=pytest.mark.slow)])
async def test_a_flood_costs_users_nothing_and_every_drop_is_counted(seconds, tmp_path):
    """With a hung model and scoring stopped and let go, errors are 0 and the sums come out even."""
    async with contextlib.AsyncExitStack() as stack:
        (base,) = await stack.enter_async_context(quick_models("fp32"))
        silent = await stack.enter_async_context(serving(Connection))
        hanging = Model("int8", port=silent)
        settings = a_configuration([base, hanging])
        settings["models"]["int8"]["timeout_seconds"] = CALL_SECONDS
        settings["rollout"]["climb"] = False
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        users = Hammering(int(settings["proxy"]["listen"].rpartition(":")[2]))
        most = Most(daemon)
        scoring = daemon.child("scoring-0")
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(users.one())
            await most.watch(seconds / 2)
            os.kill(scoring, signal.SIGSTOP)
            try:
                await most.watch(seconds)
            finally:
                os.kill(scoring, signal.SIGCONT)
            await most.watch(seconds / 2)
            users.enough.set()
        fates = await settled(daemon, users.answered)
        passed_on = (await sums(daemon, "shadowmon_exchanges_total"))[
            'source="proxy",fate="mirrored"'
        ]
        pairs = sum((await sums(daemon, "shadowmon_pairs_total")).values())
        unpaired = sum((await sums(daemon, "shadowmon_unpaired_total")).values())
        unscorable = sum((await sums(daemon, "shadowmon_unscorable_total")).values())

    assert users.errors == []
    assert users.answered > 1000 * seconds
    assert sum(fates.values()) == passed_on
    assert pairs + unpaired + unscorable == fates['trial="int8",fate="mirrored"']
    assert fates['trial="int8",fate="shed"'] > 0
    assert max(most.bytes.values()) <= MEMORY_BOUND, most.bytes
