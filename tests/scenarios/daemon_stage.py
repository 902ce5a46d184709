"""
A daemon's control loop, and a world that does what a story tells.

    count TRIAL METRIC PLACE=N …     pairs were counted (places as in `stage`)
    tick [SECONDS]                   time passes (a second), and the daemon ticks
    store down|up                    nothing can be written, or it can be again
    orders down|up                   nor can the file of orders beside it
    operator WHO OPERATION TRIAL WHY a person asks
    freeze|unfreeze WHO WHY          a person asks for all trials
    restart [TRIAL …]                the daemon was killed and comes back, perhaps with these trials
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.errors import RefusedError, StoreError
from shadowmon.records import Counts, Operation, RouteName, TrialId
from shadowmon.rollout.freeze import Hold
from shadowmon.trial.plan import TrialPlan
from tests.scenarios.stage import PLACES
from tests.trials import INT8, a_course, a_plan
from tests.worlds import BreakableStore, World


def a_trial(name: TrialId) -> TrialPlan:
    """Return a trial on a route of its own."""
    course = a_course(1, 10, 100)
    return replace(a_plan(course=course), trial_id=name, route=RouteName(f"of-{name}"))


class DaemonStage:
    """Trials under one control loop."""

    def __init__(self) -> None:
        self.store = BreakableStore()
        self.world = World(a_trial(INT8), store=self.store)
        self.counted: dict[tuple[TrialId, str, int], Counts] = {}
        self.told = 0
        """Journal entries that the story has told."""

    async def begin(self) -> None:
        await self.world.begin()
        await self.news()

    async def tell(self, line: str) -> list[str]:
        match line.split():
            case ["count", trial, metric, *amounts]:
                self.count(TrialId(trial), metric, [each.split("=") for each in amounts])
                return []
            case ["tick", *seconds]:
                await self.world.clock.sleep(float(seconds[0]) - 1 if seconds else 0)
                await self.world.tick()
                return await self.answer()
            case ["store", word]:
                self.store.broken = word == "down"
                return []
            case ["orders", word]:
                self.world.orders.broken = word == "down"
                return []
            case ["operator", who, operation, trial, *why]:
                return await self.ask(who, Operation(operation), TrialId(trial), " ".join(why))
            case [("freeze" | "unfreeze") as word, who, *why]:
                return await self.hold(Hold(word), who, " ".join(why))
            case ["restart", *trials]:
                await self.restart([TrialId(trial) for trial in trials])
                return await self.answer()
            case _:
                pytest.fail(f"no such line in a story: {line!r}")

    def count(self, trial: TrialId, metric: str, amounts: list[list[str]]) -> None:
        state = self.world.control.trials[trial].memory.state
        key = (trial, metric, state.stage_count if metric == "error" else state.epoch * 1000)
        grown = Counter({place: int(number) for place, number in amounts})
        before = self.counted.get(key, (0,) * len(PLACES))
        self.counted[key] = tuple(
            had + grown[place] for had, place in zip(before, PLACES, strict=True)
        )
        self.world.count(metric, self.counted[key], trial=trial)

    async def ask(self, who: str, operation: Operation, trial: TrialId, why: str) -> list[str]:
        try:
            await self.world.control.ask(trial, operation, operator=who, reason=why)
        except (RefusedError, StoreError) as error:
            return [f"refused: {error}"]
        return await self.answer()

    async def hold(self, hold: Hold, who: str, why: str) -> list[str]:
        try:
            await self.world.control.hold(hold, operator=who, reason=why)
        except (RefusedError, StoreError) as error:
            return [f"refused: {error}"]
        return await self.answer()

    async def restart(self, trials: list[TrialId]) -> None:
        await self.world.control.close()
        if trials:
            self.world.plans = tuple(map(a_trial, trials))
            self.world.actuators = {
                name: ProxyWeights(self.world.board, number) for number, name in enumerate(trials)
            }
        await self.world.begin()

    async def answer(self) -> list[str]:
        return [*await self.news(), *map(self.standing, self.world.control.trials)]

    async def news(self) -> list[str]:
        """Return what was journalled since the last time; of a verdict its decision alone."""
        entries = (await self.world.journal())[self.told :]
        self.told += len(entries)
        return [
            f"journal {each.kind} {each.trial_id}: {each.data.get('decision') or each.sentence}"
            for each in entries
        ]

    def standing(self, name: TrialId) -> str:
        trial = self.world.control.trials[name]
        state = trial.memory.state
        serves = self.world.board.weight(list(self.world.control.trials).index(name))
        words = [f"= {name}: {state.phase}", f"wants {state.desired_weight}", f"serves {serves}"]
        if state.paused:
            words.append("paused")
        if trial.memory.blocked and state.phase != "rolled_back":
            words.append(f"blocked: {trial.memory.blocked}")
        return ", ".join(words)
