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
from datetime import datetime

import structlog

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock
from shadowmon.daemon.books import Books
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.labels import LabelDesk, Settled
from shadowmon.errors import ActuatorError, BrokenInvariantError, StoreError
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
    Grade,
    Label,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Record,
    RolloutState,
    RouteName,
    SetWeight,
    Ticked,
    TrialId,
    WeightApplied,
    WeightRejected,
)
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
        self.trials: dict[TrialId, Trial] = {}
        self.store_problem = ""
        self.last_tick_at: datetime | None = None
        self.tick_seconds = 0.0
        self._plans = plans
        self._saved = saved
        self._store = store
        self._actuators = actuators
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
            for trial in self.trials.values():
                await self._read_back(trial)
                state = trial.memory.state
                if state.applied_weight != state.desired_weight:
                    await self._perform(trial, [SetWeight(weight=state.desired_weight)])
            await self._commit_rest()

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

    async def _read_back(self, trial: Trial) -> None:
        try:
            weight = await self._actuators[trial.plan.trial_id].read_weight()
        except ActuatorError as error:
            log.warning("actuator.weight_unknown", trial_id=trial.plan.trial_id, problem=str(error))
            return
        state = trial.memory.state
        trial.memory = replace(trial.memory, state=replace(state, applied_weight=weight))

    # --- what workers and people tell ---

    def take(self, report: Report) -> None:
        """Take in what a worker counted."""
        for account in report.accounts:
            self.books.tell(report.worker, account.cell, account.counts)
        self._awaiting += self.labels.expect(report.awaiting)

    def label(self, labels: Sequence[Label]) -> int:
        """Take labels in; they are committed with the next tick."""
        self._labelled.update(label.exchange_id for label in labels)
        return self.labels.take(labels)

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        figures: tuple[tuple[Claim, float | None], ...] | None = None,
    ) -> RolloutState:
        """
        Do what a person asks.

        Raises:
            KeyError: If there is no such trial.
            RefusedError: If it may not be done now.
            StoreError: If it cannot be journalled and is not a drop.

        """
        async with self.lock:
            trial = self.trials[trial_id]
            before = {trial_id: trial.memory}
            event = OperatorAsked(
                operation=operation,
                operator=operator,
                reason=reason,
                now=self._clock.now(),
                figures=figures,
            )
            commands = trial.handle(event)
            undone = await self._commit([(trial, commands)], before=before)
            if undone:
                problem = f"not done, for it could not be journalled: {self.store_problem}"
                raise StoreError(problem)
            await self._perform(trial, commands)
            await self._commit_rest()
            if operation is Operation.LOOSEN:
                self._count_anew()
                self._board.add_head(Head.CONTROL_LIFE)
            self._show_board()
            return trial.memory.state

    # --- the tick ---

    async def tick(self) -> None:
        """Judge every trial once, and do what follows."""
        started = self._clock.monotonic()
        async with self.lock:
            now = self._clock.now()
            self._settle(now)
            before = {name: trial.memory for name, trial in self.trials.items()}
            todo = [(trial, self._tick(trial, now)) for trial in self.trials.values()]
            undone = await self._commit(todo, before=before)
            self._show_board()
            for trial, commands in todo:
                if trial.plan.trial_id not in undone:
                    await self._perform(trial, commands)
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
            variance_ratio=self._variance_ratio(trial),
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

    def _variance_ratio(self, trial: Trial) -> float | None:
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
        pair, observation = settled.awaiting, settled.observation
        trial = self.trials.get(pair.trial_id)
        if observation is None or trial is None or pair.epoch != trial.memory.state.epoch:
            return
        self._gates[pair.trial_id].count(pair, [observation], now)

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

    async def _perform(self, trial: Trial, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case SetWeight():
                    await self._set_weight(trial, command)
                case Notify():
                    log.warning(
                        command.event, trial_id=trial.plan.trial_id, sentence=command.sentence
                    )
                case Record():
                    pass

    async def _set_weight(self, trial: Trial, command: SetWeight) -> None:
        actuator = self._actuators[trial.plan.trial_id]
        try:
            await actuator.set_weight(command.weight)
            applied = await actuator.read_weight()
        except ActuatorError as error:
            event: WeightApplied | WeightRejected = WeightRejected(
                weight=command.weight, problem=str(error), now=self._clock.now()
            )
            self._tallies.add("commands_total", "set_weight", "rejected")
        else:
            event = WeightApplied(weight=applied, now=self._clock.now())
            self._tallies.add("commands_total", "set_weight", "applied")
        self._entries += _records(trial.handle(event))

    def _show_board(self) -> None:
        """Let scoring workers know under which epoch and stage they count."""
        for number, trial in enumerate(self.trials.values()):
            state = trial.memory.state
            self._board.set_trial(number, TrialCell.EPOCH, state.epoch)
            self._board.set_trial(number, TrialCell.STAGE, state.stage_count)
            active = state.phase is not Phase.ROLLED_BACK
            self._board.set_trial(number, TrialCell.ACTIVE, int(active))


def _records(commands: Iterable[Command]) -> list[Entry]:
    return [command.entry for command in commands if isinstance(command, Record)]
