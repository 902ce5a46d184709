"""Journals as a real control loop writes them: a trial that climbs, worries, and falls."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.console import shapes
from shadowmon.daemon.control import Control
from shadowmon.daemon.labels import LabelDesk
from shadowmon.ipc.board import Board
from shadowmon.ipc.report import Account, Report
from shadowmon.records import EVERYTHING, Cell, EntryKind, MetricName, Scope, SliceName
from shadowmon.store.memory import MemoryStore
from shadowmon.store.store import Store
from shadowmon.telemetry.tallies import Tallies
from shadowmon.trial.plan import TrialPlan
from tests.factories import NOON
from tests.trials import a_course, a_plan
from tests.worlds import KeptOrders


BANK = SliceName("bank")

Phase = tuple[int, float, float]
"""Ticks; chances that only the optimized model is right, and only the baseline is."""

STORY: tuple[Phase, ...] = ((12, 0.01, 0.01), (10, 0.0, 0.2))
"""Good for a while, then much worse."""

PAIRS_A_TICK = 150


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


async def write_journal(
    store: Store, plan: TrialPlan, *, story: tuple[Phase, ...] = STORY, seed: int = 1
) -> None:
    """Let a real control loop judge a trial, tick by tick, into a store that is open."""
    clock, board = Clock(), Board.create()
    control = Control(
        plans=[plan],
        store=store,
        orders=KeptOrders(),
        saved=await store.load(),
        labels=LabelDesk({}, awaiting_max=10),
        actuators={plan.trial_id: ProxyWeights(board, 0)},
        board=board,
        tallies=Tallies(),
        clock=clock,
    )
    await control.restore()
    generator = np.random.default_rng(seed)
    counted: dict[Cell, np.ndarray] = {}
    for ticks, optimized_only, baseline_only in story:
        chances = {
            "correct": (0.05, optimized_only, baseline_only, 0.95 - optimized_only - baseline_only),
            "error": (0.999, 0.0005, 0.0005, 0.0),
            "unsafe": (1.0, 0.0, 0.0, 0.0),
        }
        for _ in range(ticks):
            state = control.trials[plan.trial_id].memory.state
            for name, law in chances.items():
                for slice_name, pairs in ((EVERYTHING, PAIRS_A_TICK), (BANK, PAIRS_A_TICK // 5)):
                    metric = plan.metrics[MetricName(name)]
                    cell = Cell(
                        trial_id=plan.trial_id,
                        epoch=state.epoch,
                        stage=state.stage_count if metric.scope is Scope.STAGE else 0,
                        metric=metric.name,
                        slice=slice_name,
                    )
                    drawn = np.append(generator.multinomial(pairs, law), 0)
                    counted[cell] = counted.get(cell, np.zeros(5, dtype=np.int64)) + drawn
            accounts = [
                Account(cell=cell, counts=tuple(counts.tolist()))
                for cell, counts in counted.items()
            ]
            control.take(Report(worker="scoring-1/1", accounts=tuple(accounts)))
            clock.time += timedelta(seconds=1)
            await control.tick()


async def a_journalled_verdict() -> shapes.Json:
    """Return what the API tells of the verdict that rolled a trial back."""
    store = MemoryStore()
    await store.open()
    await write_journal(store, a_plan(edge=(BANK,), course=a_course(1, 100)))
    rows = await store.journal(limit=1000)
    return shapes.explain_entry(next(row for row in rows if row.entry.kind is EntryKind.VERDICT))
