"""
What trials want done, done: weights are asked of actuators, and people are told in the log.

Rule 1: nothing here decides. A command is done as it stands; how it went goes back to its trial.
Rule 2: whoever holds the control loop's lock uses it, after the commands were committed. What takes
        weight away is done before: no disk that is slow, or hangs, keeps it up (`take_away`).
Rule 3: a person's roll-back does not even wait for the lock (`falling`), for whoever has it may
        wait for the disk. Until the trial has heard of it, it is given no weight, nor told that it
        has none: it would take that for another hand's.
"""

from __future__ import annotations

import contextlib

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from shadowmon.clock import Clock
from shadowmon.daemon.remembering import Remembering
from shadowmon.daemon.shares import Shares
from shadowmon.daemon.steering import Steering, Told
from shadowmon.records import NO_TRAFFIC, Command, Notify, Record, SetWeight, TrialId, Weight
from shadowmon.trial.memory import Memory
from shadowmon.trial.trial import Trial


log = structlog.get_logger()

_ORDINARY = frozenset(("rollout.stage_entered", "rollout.phase_entered", "rollout.re_armed"))
"""What goes as it was meant to; all else that people are told of takes weight away, or holds it."""


class Performing:
    """Does what trials want, and lets them hear how it went."""

    def __init__(
        self,
        trials: Mapping[TrialId, Trial],
        *,
        steering: Steering,
        remembering: Remembering,
        shares: Shares,
        clock: Clock,
    ) -> None:
        self._trials = trials
        self._shares = shares
        self._clock = clock
        self._steering = steering
        self._remembering = remembering
        self._falling: list[TrialId] = []
        self._put_off: list[tuple[TrialId, Told]] = []
        """What actuators told of trials that fall."""

    async def begin(self) -> None:
        """Let every trial know the weight that it has, and ask for the one that it is to have."""
        await self._steering.open()
        read = await self._steering.read_all()
        for name, trial in self._trials.items():
            state = replace(trial.memory.state, applied_weight=read.get(name))
            trial.memory = replace(trial.memory, state=state)
            has_it = state.applied_weight == state.desired_weight
            self.perform(trial, () if has_it else [SetWeight(weight=state.desired_weight)])
        await self.hear()

    async def end(self) -> None:
        """Let go of the actuators; what they hold stays as it is."""
        await self._steering.close()

    @contextlib.contextmanager
    def falling(self, trial_id: TrialId) -> Iterator[None]:
        """Take all weight away now, without the lock; in the block the trial is to be told so."""
        self._falling.append(trial_id)
        self._steering.ask(trial_id, NO_TRAFFIC)
        try:
            yield
        finally:
            self._falling.remove(trial_id)

    def take_away(
        self, trial: Trial, was: Memory, commands: Sequence[Command]
    ) -> Sequence[Command]:
        """Do at once what takes weight away; return what is left to be done."""
        if trial.memory.state.desired_weight >= was.state.desired_weight:
            return commands
        self.perform(trial, [each for each in commands if isinstance(each, SetWeight)])
        return [each for each in commands if not isinstance(each, SetWeight)]

    def perform(self, trial: Trial, commands: Iterable[Command]) -> None:
        """Do what a trial wants; weights are only asked for, and `hear` says what came of it."""
        self._shares.note(trial.memory.state, self._clock.now())
        for command in commands:
            match command:
                case SetWeight():
                    self._set(trial.plan.trial_id, command.weight)
                case Notify():
                    tell = log.info if command.event in _ORDINARY else log.warning
                    tell(command.event, trial_id=trial.plan.trial_id, sentence=command.sentence)
                case Record():
                    pass

    def _set(self, trial_id: TrialId, weight: Weight) -> None:
        if trial_id not in self._falling:  # or it has none already
            self._steering.ask(trial_id, weight)

    def watch(self, trial: Trial) -> None:
        """Look now and then whether somebody else has set another weight than was applied."""
        state = trial.memory.state
        is_falling = trial.plan.trial_id in self._falling
        if state.applied_weight == state.desired_weight and not is_falling:
            self._steering.watch(trial.plan.trial_id)

    async def hear(self) -> None:
        """Let trials know how it went, as far as it is known within a short time."""
        await self._steering.settle()
        self.hear_late()

    def hear_late(self) -> None:
        """Let trials know what actuators told since the last time."""
        news, self._put_off = [*self._put_off, *self._steering.take()], []
        for trial_id, told in news:
            if trial_id in self._falling and self._trials[trial_id].memory.state.desired_weight:
                self._put_off.append((trial_id, told))
                continue
            commands = self._trials[trial_id].handle(told)
            self._remembering.learn(commands)
            self.perform(self._trials[trial_id], commands)
