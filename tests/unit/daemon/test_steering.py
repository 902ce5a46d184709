"""Actuators that are slow, hang or are broken cost their own trial something, and no other."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.dry_run import DryRun
from shadowmon.daemon.steering import LATE_SECONDS, LATE_WATCH_SECONDS, WATCH_SECONDS, Steering
from shadowmon.errors import ActuatorError
from shadowmon.records import TrialId, Weight, WeightApplied, WeightRejected
from shadowmon.telemetry.tallies import Tallies
from tests.factories import NOON
from tests.places import StandingClock


SLOW, QUICK = TrialId("slow"), TrialId("quick")


class Held(DryRun):
    """Takes a weight only once it is let go; notes what became of each."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        self.given_up: list[Weight] = []

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        try:
            if weight:
                await self.let_go.wait()
        except asyncio.CancelledError:
            self.given_up.append(weight)
            raise
        await super().set_weight(weight)


class Raising(DryRun):
    """Raises whatever it is made with."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        del weight
        raise self.error

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        raise self.error


@asynccontextmanager
async def steering(
    slow: Actuator, *, clock: StandingClock | None = None, deadline_seconds: float = 10.0
) -> AsyncIterator[Steering]:
    """Open the actuators of two trials."""
    found = Steering(
        {SLOW: slow, QUICK: DryRun()},
        clock or StandingClock(),
        Tallies(),
        deadline_seconds=deadline_seconds,
    )
    await found.open()
    try:
        yield found
    finally:
        await found.close()


def applied(trial_id: TrialId, weight: int) -> tuple[TrialId, WeightApplied]:
    """Return what an actuator tells."""
    return trial_id, WeightApplied(weight=Weight(weight), now=NOON)


def rejected(weight: int, problem: str) -> tuple[TrialId, WeightRejected]:
    """Return what an actuator tells when it could not."""
    return SLOW, WeightRejected(weight=Weight(weight), problem=problem, now=NOON)


async def told(found: Steering) -> object:
    """Return the first thing that is told, however late."""
    async with asyncio.timeout(5):
        while not (taken := found.take()):
            await asyncio.sleep(0.005)
        return taken


async def test_a_slow_actuator_does_not_delay_another_trials_roll_back():
    """The roll-back is applied within the very tick; the slow one's weight comes when it comes."""
    slow = Held()
    async with steering(slow) as found:
        found.ask(SLOW, Weight(100))
        found.ask(QUICK, Weight(0))
        await found.settle()
        assert found.take() == [applied(QUICK, 0)]

        slow.let_go.set()
        assert await told(found) == [applied(SLOW, 100)]


async def test_a_roll_back_takes_the_place_of_a_climb_under_way():
    """Nobody waits for the climb to end, and it is never told of."""
    slow = Held()
    async with steering(slow) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()

        found.ask(SLOW, Weight(0))
        await found.settle()

        assert (found.take(), slow.given_up) == ([applied(SLOW, 0)], [100])


async def test_the_same_weight_is_not_begun_again():
    """Every tick asks for what is not applied yet; that must not keep it from ever being."""
    slow = Held()
    async with steering(slow) as found:
        for _ in range(3):
            found.ask(SLOW, Weight(100))
            await found.settle()
        slow.let_go.set()
        assert await told(found) == [applied(SLOW, 100)]
        assert slow.given_up == []


async def test_an_actuator_that_hangs_is_given_up_at_the_deadline():
    """And that is said of it."""
    async with steering(Held(), deadline_seconds=0.02) as found:
        found.ask(SLOW, Weight(100))
        assert await told(found) == [rejected(100, "the actuator took longer than 0.02 s")]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ActuatorError("no route to host"), "no route to host"),
        (KeyError("hunter2"), "the actuator is broken: KeyError; the log has more"),
    ],
)
async def test_what_an_actuator_raises_becomes_a_rejection(error, problem):
    """A plugin's bug among it."""
    async with steering(Raising(error)) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()
        assert found.take() == [rejected(100, problem)]


async def test_a_weight_that_cannot_be_read_back_is_not_applied():
    """Whoever moves traffic must be able to say so."""

    class Mute(DryRun):
        async def read_weight(self) -> Weight | None:
            return None

    async with steering(Mute()) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()
        assert found.take() == [rejected(100, "it was set, and cannot be read back")]


async def test_a_foreign_hand_is_seen():
    """What is read back is told, whoever set it; not more often than now and then."""
    clock, slow = StandingClock(), DryRun()
    async with steering(slow, clock=clock) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()
        assert found.take() == [applied(SLOW, 100)]

        await slow.set_weight(Weight(5000))
        await watched(found, clock, 0)
        assert found.take() == []

        await watched(found, clock, WATCH_SECONDS)
        assert found.take() == [applied(SLOW, 5000)]


class Late(DryRun):
    """Takes a weight that was given up all the same, but later; knows only what was accepted."""

    def __init__(self, *, remembers: bool) -> None:
        super().__init__()
        self.remembers = remembers
        self.in_effect = Weight(0)
        self.times_set = 0

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        if weight:
            await asyncio.Event().wait()
        self.times_set += 1
        self.in_effect = weight
        await super().set_weight(weight)

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        return await super().read_weight() if self.remembers else self.in_effect


@asynccontextmanager
async def given_up(late: Late) -> AsyncIterator[tuple[Steering, StandingClock]]:
    """Ask for a climb, and for a roll-back while it is under way."""
    clock = StandingClock()
    async with steering(late, clock=clock) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()
        found.ask(SLOW, Weight(0))
        await found.settle()
        assert found.take() == [applied(SLOW, 0)]
        yield found, clock


async def watched(found: Steering, clock: StandingClock, seconds: float) -> None:
    """Let time pass, and look then."""
    clock.seconds += seconds
    found.watch(SLOW)
    await found.settle()


@pytest.mark.parametrize(("comes", "is_left"), [(100, 0), (5000, 5000)], ids=["ours", "foreign"])
async def test_what_comes_into_effect_after_a_roll_back(comes, is_left):
    """
    The climb that was given up is ours: the roll-back is set again, and nobody is told of a drift.

    Another weight is another hand's: it is told, and not fought over.
    """
    late = Late(remembers=False)
    async with given_up(late) as (found, clock):
        late.in_effect = Weight(comes)

        await watched(found, clock, LATE_WATCH_SECONDS)

        assert late.in_effect == is_left
        assert found.take() == [applied(SLOW, is_left)]


async def test_where_nobody_can_be_asked_the_weight_is_set_once_more():
    """Once, when nothing can come any more, and then never again."""
    late = Late(remembers=True)
    async with given_up(late) as (found, clock):
        late.in_effect = Weight(100)

        for _ in range(40):
            await watched(found, clock, LATE_WATCH_SECONDS)

        assert late.in_effect == 0
        assert late.times_set == 2


async def test_a_weight_that_comes_too_late_is_a_foreign_hands():
    """After a while nobody can know any more who it was."""
    late = Late(remembers=False)
    async with given_up(late) as (found, clock):
        await watched(found, clock, LATE_SECONDS + 1)
        late.in_effect = Weight(100)
        found.take()

        await watched(found, clock, WATCH_SECONDS)

        assert found.take() == [applied(SLOW, 100)]


async def test_a_weight_that_cannot_be_read_now_is_no_rejection():
    """Nothing was asked for: what is known stays known."""
    async with steering(Raising(ActuatorError("no route to host"))) as found:
        found.watch(SLOW)
        await found.settle()
        assert found.take() == []


async def test_at_the_start_every_weight_is_read_that_can_be():
    """The others are not known, and are set again."""
    async with steering(Raising(ActuatorError("no route to host"))) as found:
        assert await found.read_all() == {QUICK: 0}


async def test_at_the_end_what_is_under_way_is_let_go():
    """A stop waits for no control plane."""
    slow = Held()
    async with steering(slow) as found:
        found.ask(SLOW, Weight(100))
        await found.settle()
    assert slow.given_up == [100]
