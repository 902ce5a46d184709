"""
What a start of the daemon takes, and how long it is without a control process that was killed.

Nothing is judged while there is no control process: how long it takes to come back is an outage of
evidence. Users are served meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import tempfile
import time

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.daemons import Daemon, Model, a_configuration, running


CHILDREN = ("control", "scoring-0", "proxy-0")
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def main(quick: bool = False) -> None:
    """Print the table."""
    rounds = [asyncio.run(_round()) for _ in range(2 if quick else 9)]
    print(f"\nA start of the daemon: one trial, an empty store; median of {len(rounds)}")
    print(f"  {'what':36} {'s':>6}")
    for what in ("from the command to ready", "without control, after a kill"):
        print(f"  {what:36} {_median(rounds, what):>6.2f}")
    print(f"  {'process, once the daemon is ready':36} {'CPU, s':>6} {'memory, MB':>11}")
    for name in ("supervisor", *CHILDREN):
        cpu, memory = (_median(rounds, f"{name} {figure}") for figure in ("cpu", "memory"))
        print(f"  {name:36} {cpu:>6.2f} {memory:>11.1f}")


def _median(rounds: list[dict[str, float]], what: str) -> float:
    return statistics.median(each[what] for each in rounds)


async def _round() -> dict[str, float]:
    begun = time.perf_counter()
    async with _a_daemon() as daemon:
        found = {"from the command to ready": time.perf_counter() - begun}
        assert daemon.process
        pids = {"supervisor": daemon.process.pid} | {name: daemon.child(name) for name in CHILDREN}
        for name, pid in pids.items():
            found[f"{name} cpu"], found[f"{name} memory"] = _cpu_seconds(pid), _megabytes(pid)
        found["without control, after a kill"] = await _without_control(daemon, pids["control"])
    return found


@asynccontextmanager
async def _a_daemon() -> AsyncIterator[Daemon]:
    async with Model("old").serving() as old, Model("new").serving() as new:
        with tempfile.TemporaryDirectory() as folder:
            async with running(Path(folder), a_configuration([old, new])) as daemon:
                yield daemon


async def _without_control(daemon: Daemon, pid: int) -> float:
    """Kill it; return how long nobody answers: a request waits on the socket, which outlives it."""
    os.kill(pid, signal.SIGKILL)
    begun = time.perf_counter()
    while not await daemon.is_ready():
        await asyncio.sleep(0)
    return time.perf_counter() - begun


def _cpu_seconds(pid: int) -> float:
    _, _, fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) * _TICK_SECONDS


def _megabytes(pid: int) -> float:
    """Return its memory, with its part of what it shares (Linux, proc(5): Pss)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    (size,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(size) * 1024 / 1e6


if __name__ == "__main__":
    main()
