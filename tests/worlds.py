"""A control loop with all that is around it, where time, the disk and the workers are ours."""

from __future__ import annotations

from datetime import datetime, timedelta

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.daemon.control import Control
from shadowmon.daemon.labels import LabelDesk, LabelRule
from shadowmon.errors import StoreError
from shadowmon.ipc.board import Board
from shadowmon.ipc.report import Account, Report
from shadowmon.records import Cell, MetricName, SliceName
from shadowmon.store.memory import MemoryStore
from shadowmon.store.orders import Order
from shadowmon.telemetry.tallies import Tallies
from tests.factories import NOON
from tests.trials import INT8, a_course, a_plan


FULL = "the disk is full"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class BreakableStore(MemoryStore):
    """A store whose disk can be full, or says so when it was not."""

    broken = False
    lies = False

    async def commit(self, save):
        if self.broken:
            raise StoreError(FULL)
        await super().commit(save)
        if self.lies:
            raise StoreError(FULL)


class KeptOrders:
    """Orders that outlive a control loop, on a disk that can be full too."""

    def __init__(self) -> None:
        self.orders: tuple[Order, ...] = ()
        self.broken = False

    async def read(self):
        return self.orders

    async def keep(self, orders):
        if self.broken:
            raise StoreError(FULL)
        self.orders = tuple(orders)


class World:
    """A control loop and all that is around it."""

    def __init__(self, *plans, store=None, board=None) -> None:
        self.plans = plans or (a_plan(course=a_course(1, 100)),)
        self.clock = Clock()
        self.board = board or Board.create()
        self.store = store or BreakableStore()
        self.orders = KeptOrders()
        self.actuators = {
            plan.trial_id: ProxyWeights(self.board, number)
            for number, plan in enumerate(self.plans)
        }

    async def begin(self):
        if not hasattr(self, "opened"):
            await self.store.open()
            self.opened = True
        rule = LabelRule(maturity=timedelta(seconds=10), covers_all=True)
        self.control = Control(
            plans=self.plans,
            store=self.store,
            orders=self.orders,
            saved=await self.store.load(),
            labels=LabelDesk({INT8: rule}, awaiting_max=100),
            actuators=self.actuators,
            board=self.board,
            tallies=Tallies(),
            clock=self.clock,
        )
        await self.control.restore()
        return self

    def count(self, metric, counts, *, trial=INT8, worker="scoring-1/1"):
        state = self.control.trials[trial].memory.state
        cell = Cell(
            trial_id=trial,
            epoch=state.epoch,
            stage=state.stage_count if metric == "error" else 0,
            metric=MetricName(metric),
            slice=SliceName("all"),
        )
        self.control.take(Report(worker=worker, accounts=(Account(cell=cell, counts=counts),)))

    async def tick(self):
        self.clock.time += timedelta(seconds=1)
        await self.control.tick()

    @property
    def state(self):
        return self.control.trials[INT8].memory.state

    async def journal(self):
        rows = await self.store.journal(limit=1000)
        return [row.entry for row in reversed(rows)]
