"""A disk that hangs: down reaches the actuator at once, up waits until the journal has it."""

from __future__ import annotations

import asyncio

from dataclasses import replace

import pytest

from shadowmon.errors import StoreError
from shadowmon.policy.settings import PolicySettings
from shadowmon.records import EntryKind, Operation, Phase
from shadowmon.rollout.freeze import Hold
from shadowmon.store.store import UncertainError
from tests.trials import INT8, a_course, a_plan
from tests.worlds import BreakableStore, World


GOOD = (10, 0, 0, 290, 0)
WORSE = (10, 0, 80, 310, 0)
NO_ERRORS = (1000, 0, 0, 0, 0)


class HangingStore(BreakableStore):
    """A store whose disk answers when it is told to, or not in time."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.answers.set()
        self.hangs = asyncio.Event()
        self.is_late = False

    async def commit(self, save):
        if not self.answers.is_set():
            self.hangs.set()
            await self.answers.wait()
        if self.is_late:
            msg = "the disk has not answered"
            raise UncertainError(msg)
        await super().commit(save)


async def a_world(*, climbed=True):
    """Return a trial that is proven good, before or after its first climb."""
    world = await World(a_plan(course=a_course(1, 10, 100)), store=HangingStore()).begin()
    world.count("correct", GOOD)
    world.count("error", NO_ERRORS)
    if climbed:
        await world.tick()
        assert world.board.weight(0) == 100
    return world


async def kinds(world):
    """Return what was journalled, in order."""
    return [entry.kind for entry in await world.journal()]


async def soon() -> None:
    """Let whatever waits for nothing but its turn come to its end."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_persons_roll_back_waits_for_no_disk():
    """It reaches the actuator while a tick waits for the disk, whose climb never does."""
    world = await a_world()
    world.count("error", NO_ERRORS)
    world.store.answers.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.tick())
        await world.store.hangs.wait()
        assert world.state.desired_weight == 1_000
        asking = tasks.create_task(
            world.control.ask(INT8, Operation.ROLL_BACK, operator="ann", reason="now")
        )
        await soon()
        assert world.board.weight(0) == 0
        seen: set[int] = set()
        world.actuators[INT8].set_weight = record(seen, world.actuators[INT8].set_weight)
        world.store.answers.set()
    await world.tick()

    assert asking.result().phase is Phase.ROLLED_BACK
    assert asking.result().applied_weight == world.board.weight(0) == 0
    assert seen <= {0}
    assert EntryKind.WEIGHT_DRIFTED not in await kinds(world)


def record(seen, set_weight):
    """Return a `set_weight` that also notes which weights it was asked for."""

    async def noting(weight):
        seen.add(weight)
        await set_weight(weight)

    return noting


async def test_the_evidences_roll_back_waits_for_no_disk():
    """It reaches the actuator before the commit that journals it has ended."""
    world = await a_world()
    world.count("correct", WORSE)
    world.store.answers.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.tick())
        await world.store.hangs.wait()
        await soon()
        assert world.board.weight(0) == 0
        world.store.answers.set()

    assert world.state.phase is Phase.ROLLED_BACK
    assert (await kinds(world))[-3:] == [
        EntryKind.VERDICT,
        EntryKind.STAGE_ENTERED,
        EntryKind.WEIGHT_APPLIED,
    ]


async def test_a_climb_that_may_be_journalled_is_done_once_it_is():
    """Nobody knows how the commit ended: the climb stands, without its weight, until it is told."""
    world = await a_world(climbed=False)
    world.store.is_late = True
    await world.tick()
    assert (world.state.desired_weight, world.board.weight(0)) == (100, 0)

    world.store.is_late = False
    world.store.broken = True
    for _ in range(3):
        await world.tick()
    assert (world.state.desired_weight, world.board.weight(0)) == (100, 0)

    world.store.broken = False
    await world.tick()
    assert world.board.weight(0) == 100
    assert (await kinds(world)).count(EntryKind.STAGE_ENTERED) == 1


async def test_a_roll_back_takes_the_place_of_a_climb_that_may_be_journalled():
    """The weight was never given; the journal has both, in order."""
    world = await a_world(climbed=False)
    world.store.is_late = True
    await world.tick()
    await world.control.ask(INT8, Operation.ROLL_BACK, operator="ann", reason="now")
    world.store.is_late = False
    await world.tick()

    assert (world.state.phase, world.board.weight(0)) == (Phase.ROLLED_BACK, 0)
    moves = [e.data["move"] for e in await world.journal() if e.kind is EntryKind.STAGE_ENTERED]
    assert moves == ["climb", "drop"]


async def test_what_a_person_asked_for_may_be_done_later():
    """They are told so, in place of that it was not done."""
    world = await a_world()
    await world.control.ask(INT8, Operation.PAUSE, operator="ann", reason="")
    world.store.is_late = True
    with pytest.raises(StoreError, match="not done yet, and perhaps never: it may be journalled"):
        await world.control.ask(INT8, Operation.RESUME, operator="ann", reason="")
    world.store.is_late = False
    await world.tick()

    assert not world.state.paused
    said = [e.sentence for e in await world.journal() if e.kind is EntryKind.OPERATION]
    assert said == ["ann asked to pause: no reason given", "ann asked to resume: no reason given"]


async def test_an_end_of_a_freeze_that_may_be_journalled_lets_nothing_climb_before_it_is():
    """The journal has it before the first climb."""
    world = await a_world(climbed=False)
    await world.control.hold(Hold.FREEZE, operator="ann", reason="4711")
    world.store.is_late = True
    with pytest.raises(StoreError, match="not done yet"):
        await world.control.hold(Hold.UNFREEZE, operator="ann", reason="over")
    await world.tick()
    assert world.board.weight(0) == 0

    world.store.is_late = False
    await world.tick()
    said = [entry.sentence for entry in await world.journal()]
    assert world.board.weight(0) == 100
    assert said.count("ann asked to unfreeze everything: over") == 1


async def test_looser_limits_that_were_not_journalled_are_not_in_force():
    """What is refused is refused: also the limits stay what they were."""
    strict = a_plan(course=a_course(1, 100), policy=PolicySettings(acceptable=0.01))
    world = await World(strict).begin()
    world.plans = (a_plan(course=a_course(1, 100), policy=PolicySettings(acceptable=0.04)),)
    await world.begin()
    rules = world.control.trials[INT8].plan.rules
    world.store.broken = True

    with pytest.raises(StoreError, match="not done, for it could not be journalled"):
        await world.control.ask(INT8, Operation.LOOSEN, operator="ann", reason="we know")

    assert world.control.trials[INT8].plan.rules == rules
    assert replace(world.plans[0], rules=rules) == world.control.trials[INT8].plan
