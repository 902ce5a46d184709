"""
The hands of the control loop: each trial's actuator is asked by a task of its own.

Rule 1: an actuator that is slow, or hangs, delays nobody but its own trial: a tick waits for all of
        them together, and `PATIENCE_SECONDS` at the most; what comes later is taken in by a later
        tick.
Rule 2: a trial's actuator does one thing at a time. Another weight than the one that is being set
        takes its place at once: a roll-back never waits for a climb to end.
Rule 3: whatever an actuator raises becomes a `WeightRejected`, in words.
Rule 4: while nothing is to be set the weight is read back now and then, for somebody else may have
        set another one; what was read is told, and the trial decides what that means.
Rule 5: a weight whose setting was given up, or failed, may come into effect late, after the one
        that took its place. For `LATE_SECONDS` it is looked for, and it is nobody else's: the
        wanted weight is set again; and once more at the end, where nobody can be asked.
"""

from __future__ import annotations

import asyncio

from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock
from shadowmon.errors import ActuatorError
from shadowmon.records import TrialId, Weight, WeightApplied, WeightRejected
from shadowmon.telemetry.tallies import Tallies


log = structlog.get_logger()

PATIENCE_SECONDS = 0.05
"""How long one tick waits for actuators: a local one is done by then."""
DEADLINE_SECONDS = 30.0
"""Of one weight, set and read back; an actuator has shorter ones of its own."""
START_SECONDS = 5.0
"""Of the first reading: a control plane that hangs must not keep the daemon from starting."""
WATCH_SECONDS = 10.0
"""Between two readings of a weight that nobody of us changes."""
LATE_SECONDS = 30.0
"""How late a weight that was given up may come into effect."""
LATE_WATCH_SECONDS = 1.0
"""Between two readings meanwhile."""
_LETTING_GO_SECONDS = 1.0
"""How long a task that was cancelled may still take."""

Told: TypeAlias = WeightApplied | WeightRejected


@dataclass(slots=True)
class _Hand:
    """What one trial's actuator does now."""

    task: asyncio.Task[None] | None = None
    setting: Weight | None = None
    """None while it reads."""
    wanted: Weight | None = None
    """What was asked for last."""
    late: dict[Weight, float] = field(default_factory=dict)
    """Weights that may come into effect late, until when."""
    watched_at: float = float("-inf")
    problem: str = ""
    """What kept it from being read back the last time."""

    @property
    def is_busy(self) -> bool:
        return self.task is not None and not self.task.done()

    def give_up(self, weight: Weight, now: float) -> None:
        """Remember that a weight may come into effect late."""
        self.late[weight] = now + LATE_SECONDS

    def is_ours(self, weight: Weight, now: float) -> bool:
        """Is this a weight that came late, and not another hand's?"""
        return weight != self.wanted and now <= self.late.get(weight, float("-inf"))

    def is_over(self, now: float) -> bool:
        """Say once that nothing that was given up may come any more."""
        if not self.late or now <= max(self.late.values()):
            return False
        self.late.clear()
        return True


class Steering:
    """All actuators of a daemon."""

    def __init__(
        self,
        actuators: Mapping[TrialId, Actuator],
        clock: Clock,
        tallies: Tallies,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self.actuators = actuators
        self._clock = clock
        self._tallies = tallies
        self._deadline_seconds = deadline_seconds
        self._patience_seconds = patience_seconds
        self._watch_seconds = watch_seconds
        self._hands = {trial_id: _Hand() for trial_id in actuators}
        self._told: list[tuple[TrialId, Told]] = []
        self._tasks = asyncio.TaskGroup()
        self._opened = AsyncExitStack()

    async def open(self) -> None:
        """Open every actuator. Call `close` from the same task."""
        for actuator in self.actuators.values():
            await self._opened.enter_async_context(actuator)
        await self._opened.enter_async_context(self._tasks)

    async def close(self) -> None:
        """Let go of what is under way, and close every actuator."""
        for hand in self._hands.values():
            if hand.task is not None:
                hand.task.cancel()
        await self._opened.aclose()

    async def read_all(self) -> Mapping[TrialId, Weight]:
        """Return the weights that can be read, all asked at one time."""
        found = await asyncio.gather(*map(self._read_or_none, self.actuators))
        return {
            trial_id: weight
            for trial_id, weight in zip(self.actuators, found, strict=True)
            if weight is not None
        }

    def ask(self, trial_id: TrialId, weight: Weight) -> None:
        """Set a weight. One that is being set already is not begun again."""
        hand = self._hands[trial_id]
        if hand.is_busy and hand.setting == weight:
            return
        if hand.is_busy and hand.setting is not None:
            hand.give_up(hand.setting, self._clock.monotonic())
        hand.wanted = weight
        self._begin(hand, self._set(trial_id, weight), setting=weight)

    def watch(self, trial_id: TrialId) -> None:
        """Read the weight back, if it is time to."""
        hand, now = self._hands[trial_id], self._clock.monotonic()
        seconds = min(self._watch_seconds, LATE_WATCH_SECONDS) if hand.late else self._watch_seconds
        if hand.is_busy or now - hand.watched_at < seconds:
            return
        hand.watched_at = now
        self._begin(hand, self._watch(trial_id, hand), setting=None)

    async def settle(self) -> None:
        """Wait for what is under way, but not for long."""
        under_way = [hand.task for hand in self._hands.values() if hand.task and hand.is_busy]
        if under_way:
            await asyncio.wait(under_way, timeout=self._patience_seconds)

    def take(self) -> list[tuple[TrialId, Told]]:
        """Return what actuators told since the last time, in order."""
        told, self._told = self._told, []
        return told

    # --- one trial ---

    def _begin(
        self, hand: _Hand, doing: Coroutine[None, None, None], *, setting: Weight | None
    ) -> None:
        before = hand.task if hand.is_busy else None
        if before is not None:
            before.cancel()
        hand.setting = setting
        hand.task = self._tasks.create_task(_after(before, doing))

    async def _set(self, trial_id: TrialId, weight: Weight) -> None:
        actuator = self.actuators[trial_id]
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await actuator.set_weight(weight)
                applied = await actuator.read_weight()
        except TimeoutError:
            problem = f"the actuator took longer than {self._deadline_seconds:g} s"
        except ActuatorError as error:
            problem = str(error)
        except Exception as error:
            # A plugin's bug costs its own trial the weight, and nothing else.
            log.exception("actuator.failed", trial_id=trial_id)
            problem = f"the actuator is broken: {type(error).__name__}; the log has more"
        else:
            problem = "" if applied is not None else "it was set, and cannot be read back"
            if applied is not None:
                self._tell(trial_id, WeightApplied(weight=applied, now=self._clock.now()))
        hand, now = self._hands[trial_id], self._clock.monotonic()
        if problem:
            hand.give_up(weight, now)
            told = WeightRejected(weight=weight, problem=problem, now=self._clock.now())
            self._tell(trial_id, told)
        self._tallies.add("commands_total", "set_weight", "rejected" if problem else "applied")
        hand.watched_at = now

    async def _watch(self, trial_id: TrialId, hand: _Hand) -> None:
        weight, problem = await self._read(trial_id, self._deadline_seconds)
        if problem and problem != hand.problem:
            log.warning("actuator.weight_unknown", trial_id=trial_id, problem=problem)
        hand.problem = problem
        if hand.wanted is not None and self._must_be_set_again(trial_id, hand, weight):
            await self._set(trial_id, hand.wanted)
        elif weight is not None:
            self._tell(trial_id, WeightApplied(weight=weight, now=self._clock.now()))

    def _must_be_set_again(self, trial_id: TrialId, hand: _Hand, found: Weight | None) -> bool:
        now = self._clock.monotonic()
        if found is not None and hand.is_ours(found, now):
            log.warning("actuator.late_weight_undone", trial_id=trial_id, weight=found)
            return True
        return hand.is_over(now) and found in {hand.wanted, None}

    async def _read_or_none(self, trial_id: TrialId) -> Weight | None:
        weight, problem = await self._read(trial_id, min(START_SECONDS, self._deadline_seconds))
        if problem:
            log.warning("actuator.weight_unknown", trial_id=trial_id, problem=problem)
        return weight

    async def _read(self, trial_id: TrialId, seconds: float) -> tuple[Weight | None, str]:
        """Return the weight, or why it is not known."""
        try:
            async with asyncio.timeout(seconds):
                return await self.actuators[trial_id].read_weight(), ""
        except TimeoutError:
            return None, f"the actuator took longer than {seconds:g} s"
        except ActuatorError as error:
            return None, str(error)
        except Exception as error:
            log.exception("actuator.failed", trial_id=trial_id)
            return None, f"the actuator is broken: {type(error).__name__}; the log has more"

    def _tell(self, trial_id: TrialId, told: Told) -> None:
        self._told.append((trial_id, told))


async def _after(before: asyncio.Task[None] | None, doing: Coroutine[None, None, None]) -> None:
    """Do it once what was before has let go, or has been given the time to."""
    try:
        if before is not None:
            await asyncio.wait([before], timeout=_LETTING_GO_SECONDS)
        await doing
    finally:
        doing.close()
