"""A desk for tests of the console: it shows what it is told and does what it is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shadowmon.errors import ConfigError, RefusedError, StoreError
from shadowmon.records import (
    NO_TRAFFIC,
    ExchangeId,
    Feedback,
    Grade,
    Label,
    Operation,
    Phase,
    RolloutState,
    TrialId,
)
from shadowmon.rollout.freeze import Freeze, Hold, entry_of, freeze_of
from shadowmon.store.store import Row
from shadowmon.trial.review import ReviewStanding
from shadowmon.view import DaemonView, GateResult, ReviewTask, Said


NOTHING_PREFERRED = ReviewStanding(
    tasks=0,
    needed=100,
    score=None,
    interval=(None, None),
    agreement=None,
    grade=Grade.WAIT,
    sentence="0 of 100 preferences",
)


class ScriptedDesk:
    """
    A desk (console/desk.py) that shows the view it was given and does what people ask to that view.

    What was asked is in `asked`, what was labelled in `labels`; `refuses` is raised by every
    operation, `unreachable` by whatever needs the journal.
    """

    def __init__(
        self, view: DaemonView, *, rows: Sequence[Row] = (), waiting: Collection[ExchangeId] = ()
    ) -> None:
        self._view = view
        self._rows = sorted(rows, key=lambda row: row.number, reverse=True)
        self._waiting = frozenset(waiting)
        self.asked: list[tuple[TrialId, Operation, str, str]] = []
        self.labels: list[Label] = []
        self.feedback: list[Feedback] = []
        self.task: ReviewTask | None = None
        """What every reviewer is to compare next."""
        self.preferred: list[tuple[TrialId, ExchangeId, str, Said]] = []
        self.reloads = 0
        self.evidence: int | None = None
        self.expires_seconds: float | None = None
        self.reported: list[tuple[TrialId, GateResult]] = []
        self.refuses: RefusedError | None = None
        self.unreachable: StoreError | None = None
        self.wrong: ConfigError | None = None
        """What a reload finds."""

    def view(self) -> DaemonView:
        """See `Desk.view`."""
        return self._view

    def show(self, **changes: Any) -> None:  # noqa: ANN401 - any field of DaemonView
        """Change what is shown."""
        self._view = replace(self._view, **changes)

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        evidence: int | None = None,
        expires_seconds: float | None = None,
    ) -> RolloutState:
        """See `Desk.ask`."""
        self.evidence = evidence
        self.expires_seconds = expires_seconds
        trials = {trial.trial_id: trial for trial in self._view.trials}
        before = trials[trial_id]
        for error in (self.unreachable, self.refuses):
            if error is not None:
                raise error
        self.asked.append((trial_id, operation, operator, reason))
        state = _operated(before.state, operation)
        trials[trial_id] = replace(before, state=state)
        self.show(trials=tuple(trials.values()))
        return state

    async def hold(self, hold: Hold, *, operator: str, reason: str) -> Freeze | None:
        """See `Desk.hold`."""
        for error in (self.unreachable, self.refuses):
            if error is not None:
                raise error
        entry = entry_of(hold, operator=operator, reason=reason, now=self._view.at)
        self.show(freeze=freeze_of(entry))
        return self._view.freeze

    async def report(self, trial_id: TrialId, result: GateResult) -> RolloutState:
        """See `Desk.report`."""
        trials = {trial.trial_id: trial for trial in self._view.trials}
        state = trials[trial_id].state
        for error in (self.unreachable, self.refuses):
            if error is not None:
                raise error
        self.reported.append((trial_id, result))
        return state

    async def next_review(
        self, trial_id: TrialId, reviewer: str
    ) -> tuple[ReviewTask | None, ReviewStanding]:
        """See `Desk.next_review`."""
        self._find_for_review(trial_id)
        done = any(each[2] == reviewer for each in self.preferred)
        return (None if done else self.task), NOTHING_PREFERRED

    async def prefer(
        self, trial_id: TrialId, *, task: ExchangeId, reviewer: str, said: Said
    ) -> ReviewStanding:
        """See `Desk.prefer`."""
        self._find_for_review(trial_id)
        self.preferred.append((trial_id, task, reviewer, said))
        return NOTHING_PREFERRED

    def _find_for_review(self, trial_id: TrialId) -> None:
        {trial.trial_id: trial for trial in self._view.trials}[trial_id]
        if self.refuses is not None:
            raise self.refuses

    def label(self, labels: Sequence[Label]) -> int:
        """See `Desk.label`."""
        self.labels += labels
        return sum(label.exchange_id in self._waiting for label in labels)

    def feel(self, feedback: Sequence[Feedback]) -> Mapping[str, int]:
        """See `Desk.feel`."""
        self.feedback += feedback
        known = sum(
            each.trial_id is not None or each.exchange_id in self._waiting for each in feedback
        )
        return {"accepted": known, "unknown": len(feedback) - known, "stale": 0, "repeated": 0}

    async def journal(
        self, *, trial_id: TrialId | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """See `Desk.journal`."""
        if self.unreachable is not None:
            raise self.unreachable
        wanted = [
            row
            for row in self._rows
            if trial_id in {None, row.entry.trial_id} and (before is None or row.number < before)
        ]
        return wanted[:limit]

    async def reload(self) -> None:
        """See `Desk.reload`."""
        if self.wrong is not None:
            raise self.wrong
        self.reloads += 1


def _operated(state: RolloutState, operation: Operation) -> RolloutState:
    if operation is Operation.LOOSEN:
        return replace(state, epoch=state.epoch + 1)
    if operation in {Operation.PAUSE, Operation.RESUME}:
        return replace(state, paused=operation is Operation.PAUSE)
    back = operation is Operation.ROLL_BACK
    phase = Phase.ROLLED_BACK if back else Phase.SHADOWING
    return replace(state, phase=phase, stage_index=-1, desired_weight=NO_TRAFFIC)
