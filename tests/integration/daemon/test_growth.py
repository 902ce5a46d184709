"""What the control process holds after many ticks is what it held after few."""

from __future__ import annotations

import gc
import weakref

from datetime import timedelta

import pytest

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
        "trials": {"int8": {"route": "chat", "optimized": "int8"}},
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


@pytest.fixture
async def control_process(tmp_path):
    """A control process that has begun."""
    store = SqlStore(StoreSettings(path=tmp_path / "it.db"))
    await store.open()
    process = ControlProcess(store, await store.load())
    await process.control.restore()
    yield process
    await process.control.close()
    await store.close()


def held():
    """Count what lives; weak references of asyncio's, which come and go in bulk, are left out."""
    return sum(not isinstance(each, weakref.ref) for each in gc.get_objects())


async def test_ticks_leave_nothing_behind(control_process):
    """
    With growing evidence a tick, its commit and its picture leave less than two objects: nothing
    is kept, and nothing waits in circles for a collector that seldom comes.
    """
    grown = []
    for begin in (FEW, 2 * FEW + MANY):  # what something else in this process does, it does once
        await control_process.ticks(begin - FEW, begin)
        gc.collect()
        before = held()
        await control_process.ticks(begin, begin + MANY)
        grown.append(held() - before)

    assert min(grown) < 2 * MANY
