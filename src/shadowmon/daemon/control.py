"""
The slow loop: tick -> trials -> journal -> weights -> picture.

Rule 1: journal first. What a trial wants is committed before it is done; without the journal nobody
is promoted. Down needs nobody: what takes weight away is done before, whatever the disk does; kept
in a file (orders.py), and journalled when the store is back.
Rule 2: only what is committed is shown, so that a restart never takes anything back.
Rule 3: one lock; trials are touched by whoever holds it, and by nobody else.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock
from shadowmon.daemon.beginning import begun, ordered_before
from shadowmon.daemon.books import Books
from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.daemon.freezing import Freezing
from shadowmon.daemon.labels import LabelDesk
from shadowmon.daemon.late_counting import LateCounting
from shadowmon.daemon.orders import StandingOrders
from shadowmon.daemon.performing import Performing
from shadowmon.daemon.remembering import Remembering
from shadowmon.daemon.shares import Shares
from shadowmon.daemon.steering import Steering
from shadowmon.errors import BrokenInvariantError, StoreError
from shadowmon.ipc.board import Board, Head, TrialCell
from shadowmon.ipc.counted import Counted
from shadowmon.ipc.report import Report
from shadowmon.records import (
    Claim,
    Command,
    Feedback,
    GateReported,
    Label,
    Operation,
    OperatorAsked,
    Preference,
    RolloutState,
    RouteName,
    Ticked,
    TrialId,
)
from shadowmon.rollout.freeze import Freeze, Hold, entry_of
from shadowmon.rollout.routes import holder_of
from shadowmon.rollout.transitions import WATCHED
from shadowmon.scoring.truth import CORRECT
from shadowmon.store.orders import Orders
from shadowmon.store.store import Saved, Store
from shadowmon.telemetry.tallies import Tallies
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
        orders: Orders,
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
        shares = Shares()
        self.feedback = FeedbackDesk(shares)
        self.trials: dict[TrialId, Trial] = {}
        self.last_tick_at: datetime | None = None
        self.tick_seconds = 0.0
        self.variance_ratios: dict[TrialId, float] = {}
        """As the workers measure them, of primary metrics that need no label."""
        self.preferred = list(saved.preferences)
        """All that reviewers said, in order; only what is committed."""
        self._orders = StandingOrders(orders, store)
        self.remembering = Remembering(
            store,
            trials=self.trials,
            books=self.books,
            labels=labels,
            tallies=tallies,
            orders=self._orders,
        )
        self.freezing = Freezing(self.remembering, store, self._orders)
        self._late = LateCounting(trials=self.trials, labels=labels, books=self.books)
        self._plans = plans
        self._saved = saved
        self._performing = Performing(
            self.trials,
            steering=Steering(actuators, clock, tallies),
            remembering=self.remembering,
            shares=shares,
            clock=clock,
        )
        self._board = board
        self._tallies = tallies
        self._clock = clock
        self._tell_counted = tell_counted
        labels.restore(saved.awaiting, saved.labels)

    @property
    def store_problem(self) -> str:
        """Why the store cannot be written; empty if it can."""
        return self.remembering.problem

    # --- begin, and end ---

    async def restore(self) -> None:
        """Go on where the store stands: trials, then the weights that they had."""
        now = self._clock.now()
        async with self.lock:
            await self.freezing.restore()
            opened = [begun(plan, self._saved, now) for plan in self._plans]
            self.trials.update({trial.plan.trial_id: trial for trial, _ in opened})
            opened += await ordered_before(self._orders, self.trials, self.freezing)
            self._tell_counted(self._late.count_anew())
            await self.remembering.commit(opened)
            self._show_board()
            await self._performing.begin()
            await self.remembering.commit_rest()

    async def close(self) -> None:
        """Let go of the actuators; what they hold stays as it is."""
        await self._performing.end()

    def close_sessions(self) -> None:
        """Count every session as it stands, as before a stop."""
        self._late.close_sessions()

    # --- what workers and people tell ---

    def take(self, report: Report) -> None:
        """Take in what a worker counted."""
        for account in report.accounts:
            self.books.tell(report.worker, account.cell, account.counts)
        self.remembering.unsaved.expect(self.labels.expect(report.awaiting))
        self.feedback.show(report.exposures)

    def label(self, labels: Sequence[Label]) -> int:
        """Take labels in; they are committed with the next tick."""
        self.remembering.unsaved.label(label.exchange_id for label in labels)
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
            StoreError: If it cannot be journalled, is no drop, and no pause that is kept elsewhere.

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
        if operation is not Operation.ROLL_BACK or trial_id not in self.trials:
            return await self.hear(trial_id, event)
        with self._performing.falling(trial_id):
            return await self.hear(trial_id, event)

    async def hear(self, trial_id: TrialId, event: OperatorAsked | GateReported) -> RolloutState:
        """Take in what came from outside, journal it, and do it; raises as `ask` does."""
        async with self.lock:
            trial = self.trials[trial_id]
            was, plan = trial.memory, trial.plan
            commands = trial.handle(event)
            left = self._performing.take_away(trial, was, commands)
            held_up = await self.remembering.commit([(trial, commands)], before={trial_id: was})
            if trial.plan is not plan:
                self._exchange_limits(
                    trial, plan, is_done=not held_up or self.remembering.is_uncertain
                )
            if held_up:
                raise StoreError(self.remembering.not_done)
            self._performing.perform(trial, left)
            await self._performing.hear()
            await self.remembering.commit_rest()
            self._show_board()
            return trial.memory.state

    def _exchange_limits(self, trial: Trial, before: TrialPlan, *, is_done: bool) -> None:
        if not is_done:
            trial.adopt(before)
            return
        self._tell_counted(self._late.count_anew())
        self._board.add_head(Head.CONTROL_LIFE)

    async def hold(self, hold: Hold, *, operator: str, reason: str) -> Freeze | None:
        """
        Freeze everything, or end that, and return what is frozen then.

        Raises:
            RefusedError: If it is so already.
            StoreError: If it can be written nowhere, or ends a freeze and cannot be journalled.

        """
        async with self.lock:
            entry = entry_of(hold, operator=operator, reason=reason, now=self._clock.now())
            return await self.freezing.take(hold, entry)

    async def prefer(self, preference: Preference) -> None:
        """Remember what a reviewer said; raises a StoreError if that cannot be."""
        async with self.lock:
            await self.remembering.prefer(preference)
            self.preferred.append(preference)

    # --- the tick ---

    async def tick(self) -> None:
        """Judge every trial once, and do what follows."""
        started = self._clock.monotonic()
        async with self.lock:
            now = self._clock.now()
            self.remembering.unsaved.settle(self._late.settle(now))
            self._performing.hear_late()
            before = {name: trial.memory for name, trial in self.trials.items()}
            decided = [(trial, self._tick(trial, now)) for trial in self.trials.values()]
            left = [
                (trial, self._performing.take_away(trial, before[trial.plan.trial_id], commands))
                for trial, commands in decided
            ]
            held_up = await self.remembering.commit(decided, before=before)
            self._show_board()
            for trial, commands in left:
                if trial.plan.trial_id not in held_up or self.remembering.is_uncertain:
                    self.feedback.heard(trial.plan.trial_id)
                if trial.plan.trial_id not in held_up:
                    self._performing.perform(trial, commands)
                self._performing.watch(trial)
            await self._performing.hear()
            await self.remembering.commit_rest()
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
            frozen=self.freezing.sentence,
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
            return self._late.variance_ratio(name)
        return self.variance_ratios.get(name)

    def _holder(self, route: RouteName) -> TrialId | None:
        """Return the trial that has, or is to have, live weight on a route."""
        return holder_of(
            route, ((trial.plan.route, trial.memory.state) for trial in self.trials.values())
        )

    def _show_board(self) -> None:
        """Let scoring workers know under which epoch and stage they count."""
        for number, trial in enumerate(self.trials.values()):
            state = trial.memory.state
            self._board.set_trial(number, TrialCell.EPOCH, state.epoch)
            self._board.set_trial(number, TrialCell.STAGE, state.stage_count)
            self._board.set_trial(number, TrialCell.ACTIVE, int(state.phase in WATCHED))
