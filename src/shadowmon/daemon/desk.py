"""What the console may see and ask for: see console/desk.py."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from shadowmon.clock import Clock
from shadowmon.config.load import load
from shadowmon.config.settings import Settings
from shadowmon.daemon.census import Census
from shadowmon.daemon.certificates import refuse_what_cannot_be_used
from shadowmon.daemon.control import Control
from shadowmon.daemon.picture import Painter
from shadowmon.daemon.reload import refuse_what_cannot_change
from shadowmon.daemon.side_by_side import SideBySide
from shadowmon.errors import ConfigError, RefusedError, StoreError
from shadowmon.ipc.board import Board, Head
from shadowmon.records import (
    Claim,
    Decision,
    EntryKind,
    ExchangeId,
    Feedback,
    GateReported,
    Grade,
    Label,
    Operation,
    Phase,
    Preference,
    RolloutState,
    TrialId,
)
from shadowmon.rollout.freeze import Freeze, Hold
from shadowmon.store.store import Row, Store
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.redact import kept_id
from shadowmon.trial.review import ReviewStanding
from shadowmon.view import DaemonView, GateResult, ReviewTask, Said


Figures: TypeAlias = tuple[tuple[Claim, float | None], ...]

_DECISIONS: Mapping[Grade, Decision] = {
    Grade.ACCEPT: Decision.PROMOTE,
    Grade.REJECT: Decision.ROLL_BACK,
    Grade.RED_LINE: Decision.ROLL_BACK,
}
"""What a gate's grade decides; of every other one a person does."""


class DaemonDesk:
    """The daemon, as seen from the console."""

    def __init__(
        self,
        *,
        settings: Settings,
        path: Path | None,
        overrides: Mapping[str, Any],
        control: Control,
        store: Store,
        board: Board,
        census: Census,
        tallies: Tallies,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._path = path
        self._overrides = overrides
        self._control = control
        self._store = store
        self._board = board
        self._clock = clock
        self._painter = Painter(
            settings, control=control, board=board, census=census, tallies=tallies, clock=clock
        )
        self._reviews: dict[TrialId, SideBySide] = {}
        self._reviewing = asyncio.Lock()
        self._untold = {TrialId(name) for name, trial in settings.trials.items() if trial.review}
        """Trials that may not have been told what people have proven: we, or those before us, ended
        after a vote was kept and before what followed from it was."""
        self._view = self._painter.draw()

    def view(self) -> DaemonView:
        """See `Desk.view`."""
        return self._view

    def draw(self) -> None:
        """Take a new picture; to be called after a commit."""
        self._view = self._painter.draw()

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
        figures = None if evidence is None else await self._figures(trial_id, evidence)
        state = await self._control.ask(
            trial_id,
            operation,
            operator=operator,
            reason=reason,
            figures=figures,
            expires_seconds=expires_seconds,
        )
        self.draw()
        return state

    async def hold(self, hold: Hold, *, operator: str, reason: str) -> Freeze | None:
        """See `Desk.hold`."""
        freeze = await self._control.hold(hold, operator=operator, reason=reason)
        self.draw()
        return freeze

    async def report(self, trial_id: TrialId, result: GateResult) -> RolloutState:
        """See `Desk.report`."""
        event = GateReported(
            phase=result.phase,
            decision=_DECISIONS.get(result.grade, Decision.HOLD),
            grade=result.grade,
            sentence=result.sentence,
            reporter=result.reporter,
            now=self._clock.now(),
            data=result.data,
        )
        state = await self._control.hear(trial_id, event)
        self.draw()
        return state

    async def next_review(
        self, trial_id: TrialId, reviewer: str
    ) -> tuple[ReviewTask | None, ReviewStanding]:
        """See `Desk.next_review`."""
        review, state = self._review_of(trial_id)
        said = self._said(state)
        return review.next_for(reviewer, state.epoch, said), review.standing(said)

    async def prefer(
        self, trial_id: TrialId, *, task: ExchangeId, reviewer: str, said: Said
    ) -> ReviewStanding:
        """See `Desk.prefer`."""
        review, state = self._review_of(trial_id)
        async with self._reviewing:  # one word after the other: the second might repeat the first
            review.refuse_unless_due(task, reviewer, self._said(state))
            preference = Preference(
                trial_id=trial_id,
                epoch=state.epoch,
                task=task,
                reviewer=reviewer,
                choice=review.choice(task, reviewer, state.epoch, said),
                at=self._clock.now(),
            )
            await self._control.prefer(preference)
            self._untold.add(trial_id)
            standing = review.standing(self._said(state))
            with contextlib.suppress(
                StoreError
            ):  # the vote is kept, and what follows from it later
                await self._conclude(trial_id)
        return standing

    async def conclude_reviews(self) -> None:
        """Tell trials what people have proven, as far as they were not told; after each tick."""
        async with self._reviewing:
            for trial_id in tuple(self._untold):
                with contextlib.suppress(StoreError):
                    await self._conclude(trial_id)

    async def _conclude(self, trial_id: TrialId) -> None:
        with contextlib.suppress(RefusedError):  # there is nothing to compare, or not any more
            review, state = self._review_of(trial_id)
            said = self._said(state)
            standing = review.standing(said)
            if standing.grade in _DECISIONS:
                await self.report(trial_id, review.result(standing, said))
        self._untold.discard(trial_id)

    def _review_of(self, trial_id: TrialId) -> tuple[SideBySide, RolloutState]:
        state = self._control.trials[trial_id].memory.state
        if state.phase is not Phase.SIDE_BY_SIDE:
            msg = f"trial {trial_id} is {state.phase}: there is nothing to compare now"
            raise RefusedError(msg)
        if trial_id not in self._reviews:
            alpha = self._settings.evidence.alpha_promote
            self._reviews[trial_id] = SideBySide(self._settings, trial_id, alpha=alpha)
        return self._reviews[trial_id], state

    def _said(self, state: RolloutState) -> Sequence[Preference]:
        of = (state.trial_id, state.epoch)
        return [each for each in self._control.preferred if (each.trial_id, each.epoch) == of]

    async def _figures(self, trial_id: TrialId, number: int) -> Figures:
        """Return what a journalled verdict of a trial measured."""
        rows = await self._store.journal(trial_id=trial_id, before=number + 1, limit=1)
        if not rows or rows[0].number != number or rows[0].entry.kind is not EntryKind.VERDICT:
            msg = f"journal entry {number} is no verdict on trial {trial_id}"
            raise RefusedError(msg)
        reasons = rows[0].entry.data["reasons"]
        return tuple(
            (msgspec.convert(reason["claim"], Claim), reason["upper"]) for reason in reasons
        )

    def label(self, labels: Sequence[Label]) -> int:
        """See `Desk.label`."""
        privacy = self._settings.traffic.privacy
        return self._control.label(
            [replace(each, exchange_id=kept_id(each.exchange_id, privacy)) for each in labels]
        )

    def feel(self, feedback: Sequence[Feedback]) -> Mapping[str, int]:
        """See `Desk.feel`."""
        privacy = self._settings.traffic.privacy
        return self._control.feel(
            [
                each
                if each.exchange_id is None
                else replace(each, exchange_id=kept_id(each.exchange_id, privacy))
                for each in feedback
            ]
        )

    async def journal(
        self, *, trial_id: TrialId | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """See `Desk.journal`."""
        return await self._store.journal(trial_id=trial_id, before=before, limit=limit)

    async def reload(self) -> None:
        """See `Desk.reload`. The supervisor reads the configuration again and exchanges us."""
        try:
            settings = load(self._path, environment=os.environ, overrides=self._overrides)
            refuse_what_cannot_change(self._settings, settings)
            refuse_what_cannot_be_used(settings)
        except ConfigError:
            self._board.set_head(Head.RELOAD_REFUSED_AT, int(self._clock.now().timestamp()))
            self.draw()
            raise
        os.kill(os.getppid(), signal.SIGHUP)
