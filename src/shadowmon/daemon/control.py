"""
The slow loop: tick -> trials -> journal -> weights -> picture.

Rule 1: journal first. What a trial wants is committed before it is done; without the journal nobody
is promoted. Down needs nobody: a drop is done at once, and journalled when the store is back.
Rule 2: only what is committed is shown, so that a restart never takes anything back.
Rule 3: one lock; trials are touched by whoever holds it, and by nobody else.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock
from shadowmon.daemon.books import Books
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.daemon.labels import LabelDesk, Settled
from shadowmon.daemon.steering import Steering
from shadowmon.errors import BrokenInvariantError, StoreError
from shadowmon.ipc.board import Board, Head, TrialCell
from shadowmon.ipc.counted import Counted
from shadowmon.ipc.report import Report
from shadowmon.records import (
    Awaiting,
    Claim,
    Command,
    Entry,
    EntryKind,
    ExchangeId,
    Feedback,
    GateReported,
    Grade,
    Label,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Preference,
    Record,
    RolloutState,
    RouteName,
    SetWeight,
    Ticked,
    TrialId,
)
from shadowmon.rollout.transitions import WATCHED
from shadowmon.scoring.truth import CORRECT
from shadowmon.store.store import Save, Saved, Store
from shadowmon.telemetry.tallies import Tallies
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


log = structlog.get_logger()


class Control:
    """All trials of one daemon, and everything they are allowed to touch."""

    def __init__(
        self,
        *,
        plans: Sequence[TrialPlan],
        store: Store,
        saved: Saved,
        labels: LabelDesk,
        actuators: Mapping[TrialId, Actuator],
        board: Board,
        tallies: Tallies,
        clock: Clock,
        tell_counted: Callable[[Counted], None] = lambda _: None,
    ) -> None:
        self.lock = asyncio.Lock()
        self.books = Books(saved.accounts)
        self.labels = labels
        self.feedback = FeedbackDesk()
        self.trials: dict[TrialId, Trial] = {}
        self.store_problem = ""
        self.last_tick_at: datetime | None = None
        self.tick_seconds = 0.0
        self._plans = plans
        self._saved = saved
        self._store = store
        self._steering = Steering(actuators, clock, tallies)
        self._board = board
        self._tallies = tallies
        self._clock = clock
        self._tell_counted = tell_counted
        self._gates: dict[TrialId, Gate] = {}
        """What is counted here: labels that came later."""
        self.variance_ratios: dict[TrialId, float] = {}
        """As the workers measure them, of primary metrics that need no label."""
        # What the next commit must remember, besides what the trials say.
        self._entries: list[Entry] = []
        self._awaiting: list[Awaiting] = []
        self._settled: list[tuple[TrialId, ExchangeId]] = []
        self._labelled: set[ExchangeId] = set()
        self._preferences: list[Preference] = []
        self.preferred = list(saved.preferences)
        """All that reviewers said, in order; only what is committed."""
        labels.restore(saved.awaiting, saved.labels)

    # --- begin ---

    async def restore(self) -> None:
        """Go on where the store stands: trials, then the weights that they had."""
        now = self._clock.now()
        async with self.lock:
            todo: list[tuple[Trial, Sequence[Command]]] = []
            for plan in self._plans:
                snapshot = self._saved.snapshots.get(plan.trial_id)
                trial, commands = (
                    Trial.restore(plan, snapshot, now=now)
                    if snapshot
                    else Trial.open(plan, now=now)
                )
                self.trials[plan.trial_id] = trial
                todo.append((trial, commands))
            self._count_anew()
            await self._commit(todo, before={})
            self._show_board()
            await self._steering.open()
            read = await self._steering.read_all()
            for name, trial in self.trials.items():
                state = replace(trial.memory.state, applied_weight=read.get(name))
                trial.memory = replace(trial.memory, state=state)
                if state.applied_weight != state.desired_weight:
                    self._perform(trial, [SetWeight(weight=state.desired_weight)])
            await self._hear_actuators()
            await self._commit_rest()

    async def close(self) -> None:
        """Let go of the actuators; what they hold stays as it is."""
        await self._steering.close()

    def _count_anew(self) -> None:
        """Tell the workers, and ourselves, by which metrics pairs are counted from now on."""
        metrics = {name: trial.weighing.metrics for name, trial in self.trials.items()}
        self._tell_counted(metrics)
        self._gates = {
            name: Gate(
                metrics[name],
                primary=trial.plan.primary,
                settings=trial.plan.evidence.dependence,
            )
            for name, trial in self.trials.items()
        }

    # --- what workers and people tell ---

    def take(self, report: Report) -> None:
        """Take in what a worker counted."""
        for account in report.accounts:
            self.books.tell(report.worker, account.cell, account.counts)
        self._awaiting += self.labels.expect(report.awaiting)
        self.feedback.show(report.exposures)

    def label(self, labels: Sequence[Label]) -> int:
        """Take labels in; they are committed with the next tick."""
        self._labelled.update(label.exchange_id for label in labels)
        return self.labels.take(labels)

    def feel(self, feedback: Sequence[Feedback]) -> Mapping[str, int]:
        """Take users' feedback in; it is counted with the next tick."""
        states = {name: trial.memory.state for name, trial in self.trials.items()}
        return self.feedback.take(feedback, states)

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        figures: tuple[tuple[Claim, float | None], ...] | None = None,
        expires_seconds: float | None = None,
    ) -> RolloutState:
        """
        Do what a person asks.

        Raises:
            KeyError: If there is no such trial.
            RefusedError: If it may not be done now.
            StoreError: If it cannot be journalled and is not a drop.

        """
        now = self._clock.now()
        until = None if expires_seconds is None else now + timedelta(seconds=expires_seconds)
        event = OperatorAsked(
            operation=operation,
            operator=operator,
            reason=reason,
            now=now,
            expires_at=until,
            figures=figures,
        )
        return await self.hear(trial_id, event)

    async def hear(self, trial_id: TrialId, event: OperatorAsked | GateReported) -> RolloutState:
        """Take in what came from outside, journal it, and do it; raises as `ask` does."""
        async with self.lock:
            trial = self.trials[trial_id]
            before = {trial_id: trial.memory}
            commands = trial.handle(event)
            undone = await self._commit([(trial, commands)], before=before)
            if undone:
                problem = f"not done, for it could not be journalled: {self.store_problem}"
                raise StoreError(problem)
            self._perform(trial, commands)
            await self._hear_actuators()
            await self._commit_rest()
            if isinstance(event, OperatorAsked) and event.operation is Operation.LOOSEN:
                self._count_anew()
                self._board.add_head(Head.CONTROL_LIFE)
            self._show_board()
            return trial.memory.state

    async def prefer(self, preference: Preference) -> None:
        """
        Remember what a reviewer said.

        Raises:
            StoreError: If it cannot be remembered; it was not said then.

        """
        async with self.lock:
            self._preferences.append(preference)
            await self._commit([], before={})
            if self._preferences:
                self._preferences.clear()
                problem = f"not taken, for it could not be remembered: {self.store_problem}"
                raise StoreError(problem)
            self.preferred.append(preference)

    # --- the tick ---

    async def tick(self) -> None:
        """Judge every trial once, and do what follows."""
        started = self._clock.monotonic()
        async with self.lock:
            now = self._clock.now()
            self._settle(now)
            self._take_told()
            before = {name: trial.memory for name, trial in self.trials.items()}
            todo = [(trial, self._tick(trial, now)) for trial in self.trials.values()]
            undone = await self._commit(todo, before=before)
            self._show_board()
            for trial, commands in todo:
                if trial.plan.trial_id not in undone:
                    self.feedback.heard(trial.plan.trial_id)
                    self._perform(trial, commands)
                self._watch(trial)
            await self._hear_actuators()
            await self._commit_rest()
            for name, trial in self.trials.items():
                self.books.drop_epochs_before(name, trial.memory.state.epoch)
            self.last_tick_at = now
        self.tick_seconds = self._clock.monotonic() - started

    def _tick(self, trial: Trial, now: datetime) -> Sequence[Command]:
        state = trial.memory.state
        event = Ticked(
            now=now,
            totals=self.books.totals(state.trial_id, state.epoch),
            route_holder=self._holder(trial.plan.route),
            variance_ratio=self.variance_ratio(trial),
            felt=self.feedback.since(state),
        )
        was = trial.memory
        try:
            return trial.handle(event)
        except (BrokenInvariantError, ValueError, ArithmeticError, LookupError):
            # A bug: this trial stays where it stands, the others go on, people are told.
            trial.memory = was
            log.exception("daemon.trial_frozen", trial_id=state.trial_id)
            self._tallies.add("trial_failures_total", state.trial_id)
            return ()

    def variance_ratio(self, trial: Trial) -> float | None:
        """Return that of a trial's primary metric; None while it is not known."""
        name = trial.plan.trial_id
        if trial.plan.primary == CORRECT.name:
            return self._gates[name].ratio.ratio
        return self.variance_ratios.get(name)

    def _holder(self, route: RouteName) -> TrialId | None:
        """Return the trial that has, or is to have, live weight on a route."""
        for trial in self.trials.values():
            state = trial.memory.state
            if trial.plan.route == route and (state.desired_weight or state.applied_weight):
                return state.trial_id
        return None

    def _settle(self, now: datetime) -> None:
        for each in self.labels.settle(now):
            self._settled.append((each.awaiting.trial_id, each.awaiting.exchange_id))
            self._count(each, now)
        for gate in self._gates.values():
            gate.close_due(now)
            for cell, grown in gate.take_grown().items():
                self.books.add(cell, grown)

    def close_sessions(self) -> None:
        """Count every session as it stands, as before a stop."""
        for gate in self._gates.values():
            gate.close_all()

    def _count(self, settled: Settled, now: datetime) -> None:
        pair = settled.awaiting
        trial = self.trials.get(pair.trial_id)
        if trial is not None and pair.epoch == trial.memory.state.epoch:
            self._gates[pair.trial_id].count(pair, settled.observations, now)

    # --- remember, then do ---

    async def _commit(
        self, todo: Sequence[tuple[Trial, Sequence[Command]]], *, before: Mapping[TrialId, Memory]
    ) -> set[TrialId]:
        """
        Remember all that was decided; if that fails, undo it, but for what takes weight away.

        Returns:
            The trials whose decisions were undone.

        """
        entries, labelled = list(self._entries), set(self._labelled)
        learnt = len(entries)
        for _, commands in todo:
            entries += _records(commands)
        save = Save(
            entries=entries,
            snapshots={name: trial.snapshot() for name, trial in self.trials.items()},
            accounts=self.books.changed(),
            awaiting=tuple(self._awaiting),
            settled=tuple(self._settled),
            labels=self.labels.labels_of(labelled),
            preferences=tuple(self._preferences),
        )
        try:
            await self._store.commit(save)
        except StoreError as error:
            if str(error) != self.store_problem:
                log.error("store.unavailable", problem=str(error))  # noqa: TRY400 - no bug of ours
            self.store_problem = str(error)
            return self._undo(todo, before)
        if self.store_problem:
            log.info("store.recovered")
            self.store_problem = ""
        self._tally(entries)
        # More may have come in while the store was writing: that is for the next commit.
        self.books.saved(save.accounts)
        del self._entries[:learnt]
        del self._awaiting[: len(save.awaiting)]
        del self._settled[: len(save.settled)]
        del self._preferences[: len(save.preferences)]
        self._labelled -= labelled
        return set()

    def _tally(self, entries: Sequence[Entry]) -> None:
        self._tallies.add("journal_entries_total", by=len(entries))
        for entry in entries:
            if entry.kind is EntryKind.VERDICT:
                self._tallies.add("verdicts_total", entry.trial_id, entry.data["decision"])
                if entry.data["grade"] == Grade.RED_LINE:
                    rule = entry.data["reasons"][0]["rule"]
                    self._tallies.add("red_line_breaches_total", entry.trial_id, rule)

    async def _commit_rest(self) -> None:
        """Remember what was learnt while doing: it waits for no decision."""
        if self._entries:
            await self._commit([], before={})

    def _undo(
        self, todo: Iterable[tuple[Trial, Sequence[Command]]], before: Mapping[TrialId, Memory]
    ) -> set[TrialId]:
        undone = set()
        for trial, commands in todo:
            was = before.get(trial.plan.trial_id)
            if was is None:
                self._entries += _records(commands)
            elif trial.memory.state.desired_weight < was.state.desired_weight or (
                trial.memory.state.phase is Phase.ROLLED_BACK
            ):
                # Down needs nobody: it stands, and is journalled when the store is back.
                self._entries += _records(commands)
            else:
                trial.memory = was
                undone.add(trial.plan.trial_id)
        return undone

    def _perform(self, trial: Trial, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case SetWeight():
                    self._steering.ask(trial.plan.trial_id, command.weight)
                case Notify():
                    log.warning(
                        command.event, trial_id=trial.plan.trial_id, sentence=command.sentence
                    )
                case Record():
                    pass

    def _watch(self, trial: Trial) -> None:
        """Look now and then whether somebody else has set another weight than was applied."""
        state = trial.memory.state
        if state.applied_weight == state.desired_weight:
            self._steering.watch(trial.plan.trial_id)

    async def _hear_actuators(self) -> None:
        """Take in how it went, as far as it is known within a short time."""
        await self._steering.settle()
        self._take_told()

    def _take_told(self) -> None:
        for trial_id, told in self._steering.take():
            commands = self.trials[trial_id].handle(told)
            self._entries += _records(commands)
            self._perform(self.trials[trial_id], commands)

    def _show_board(self) -> None:
        """Let scoring workers know under which epoch and stage they count."""
        for number, trial in enumerate(self.trials.values()):
            state = trial.memory.state
            self._board.set_trial(number, TrialCell.EPOCH, state.epoch)
            self._board.set_trial(number, TrialCell.STAGE, state.stage_count)
            self._board.set_trial(number, TrialCell.ACTIVE, int(state.phase in WATCHED))


def _records(commands: Iterable[Command]) -> list[Entry]:
    return [command.entry for command in commands if isinstance(command, Record)]
