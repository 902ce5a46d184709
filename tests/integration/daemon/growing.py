"""
A control process that ticks, and prints how many objects more it holds after many ticks than after
few. A program of its own: in a process of tests, what others do there would be counted too.

    python -m tests.integration.daemon.growing FILE
"""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref

from datetime import timedelta
from pathlib import Path

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.config.settings import Settings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.census import Census
from shadowmon.daemon.control import Control
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.labels import LabelDesk
from shadowmon.ipc.board import Board
from shadowmon.ipc.report import Account, Report, Tally
from shadowmon.records import Cell, MetricName, SliceName
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.telemetry.tallies import Tallies
from tests.factories import NOON
from tests.trials import INT8
from tests.worlds import KeptOrders


FEW, MANY = 30, 60
WORKER = "scoring-1/1"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.time = NOON

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)


SETTINGS = Settings.model_validate(
    {
        "models": {
            "fp16": {"url": "http://127.0.0.1:9001"},
            "int8": {"url": "http://127.0.0.1:9002"},
        },
        "routes": {"chat": {"baseline": "fp16"}},
        "trials": {"int8": {"route": "chat", "optimized": "int8", "task": "custom"}},
        "rollout": {"climb": False},
    }
)


class ControlProcess:
    """All of it but for its sockets, on a real file."""

    def __init__(self, store, saved):
        self.clock, self.census = Clock(), Census()
        board, tallies = Board.create(), Tallies()
        self.control = Control(
            plans=trial_plans(SETTINGS),
            store=store,
            orders=KeptOrders(),
            saved=saved,
            labels=LabelDesk({}, awaiting_max=10),
            actuators={INT8: ProxyWeights(board, 0)},
            board=board,
            tallies=tallies,
            clock=self.clock,
        )
        self.desk = DaemonDesk(
            settings=SETTINGS,
            path=None,
            overrides={},
            control=self.control,
            store=store,
            board=board,
            census=self.census,
            tallies=tallies,
            clock=self.clock,
        )

    async def ticks(self, first, last):
        """Do what a tick does, each time with more evidence than before."""
        for number in range(first, last):
            self.take(pairs=10 * (number + 1))
            await self.control.tick()
            self.desk.draw()
            await self.clock.sleep(10)

    def take(self, *, pairs):
        """Hear from a worker: so many pairs, both right, none failed."""
        state = self.control.trials[INT8].memory.state
        accounts = [
            Account(
                cell=Cell(
                    trial_id=INT8,
                    epoch=state.epoch,
                    stage=state.stage_count if metric == "error" else 0,
                    metric=MetricName(metric),
                    slice=SliceName("all"),
                ),
                counts=(0, 0, 0, pairs, 0),
            )
            for metric in ("error", "unsafe")
        ]
        tallies = (Tally(name="pairs_total", labels=(INT8,), value=float(pairs)),)
        told = Report(worker=WORKER, accounts=tuple(accounts), tallies=tallies)
        self.control.take(told)
        self.census.take(told)


async def grown(path: Path) -> int:
    """
    Return by how many objects a control process grows in `MANY` ticks.

    The garbage collector rests meanwhile: what waits in circles for it is counted too.
    """
    store = SqlStore(StoreSettings(path=path))
    await store.open()
    process = ControlProcess(store, await store.load())
    await process.control.restore()
    await process.ticks(0, FEW)
    gc.collect()
    gc.disable()
    before = held()
    await process.ticks(FEW, FEW + MANY)
    after = held()
    await process.control.close()
    await store.close()
    return after - before


def held() -> int:
    """Count what lives; weak references of asyncio's, which come and go in bulk, are left out."""
    return sum(not isinstance(each, weakref.ref) for each in gc.get_objects())


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(grown(Path(sys.argv[1])))}\n")
