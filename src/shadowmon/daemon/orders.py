"""
Orders that stand though the journal did not take them: what is kept of them, and taken in again.

Rule 1: an order is a person's freeze, pause or roll-back, or the evidence's roll-back or step down.
Rule 2: one that the journal has is none any more, also where its keeping could not be ended.
Rule 3: it is taken in again at the moment when it was given, and journalled word by word as it
        would have been, so that nobody is told of it a second time as of something new.
Rule 4: one of a trial that is not configured now is kept until it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from shadowmon.errors import StoreError
from shadowmon.records import (
    Command,
    Decision,
    Entry,
    EntryKind,
    Operation,
    Phase,
    Record,
    TrialId,
)
from shadowmon.rollout.course import Facts
from shadowmon.rollout.freeze import EVERY_TRIAL, Hold
from shadowmon.rollout.machine import step
from shadowmon.rollout.transitions import Trigger
from shadowmon.store.chain import cleaned
from shadowmon.store.orders import Order, Orders
from shadowmon.store.store import Store
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


log = structlog.get_logger()

_TRIGGERS: Mapping[str, Trigger] = {
    each.value: each for each in (Operation.PAUSE, Operation.ROLL_BACK, Decision.STEP_DOWN)
}
_KEPT = frozenset((EntryKind.OPERATION, EntryKind.STAGE_ENTERED))
"""Of what is to be journalled of an order; a verdict is long, and the move has its sentence."""
_LOOKED_AT = 1000
"""Journal entries of a trial, the newest ones, among which an order of it is looked for."""


def order_of(trial: Trial, was: Memory, entries: Sequence[Entry]) -> Order | None:
    """
    Return the order in what became of a trial; None if nobody must remember it.

    Args:
        trial: As it stands now.
        was: What it remembered before.
        entries: What is to be journalled of it.
    """
    what = _what(trial.memory, was)
    if what is None:
        return None
    return Order(
        trial_id=trial.plan.trial_id,
        what=what.value,
        at=entries[0].at,
        model=_model(trial.plan),
        entries=tuple(each for each in entries if each.kind in _KEPT),
    )


def order_to_freeze(entry: Entry) -> Order:
    """Return the order to freeze everything that an entry tells of."""
    return Order(trial_id=EVERY_TRIAL, what=Hold.FREEZE.value, at=entry.at, entries=(entry,))


def _what(memory: Memory, was: Memory) -> Trigger | None:
    state, before = memory.state, was.state
    if state.phase is Phase.ROLLED_BACK and before.phase is not Phase.ROLLED_BACK:
        return Operation.ROLL_BACK
    if state.desired_weight < before.desired_weight:
        return Decision.STEP_DOWN
    return Operation.PAUSE if state.paused and not before.paused else None


def _model(plan: TrialPlan) -> str:
    return f"{plan.optimized} {plan.version}"


class StandingOrders:
    """The orders that stand without the journal; whoever holds the control loop's lock uses it."""

    def __init__(self, orders: Orders, store: Store) -> None:
        self.problem = ""
        """Why one could not be kept; empty if all are."""
        self._orders = orders
        self._store = store
        self._standing: list[Order] = []
        self._elsewhere: list[Order] = []
        """Of trials that are not configured now."""
        self._kept: list[Order] = []
        """Those of both that are kept."""

    async def from_before(self, trials: Collection[TrialId]) -> Sequence[Order]:
        """
        Return what was ordered before we began and the journal does not have; it is kept on.

        Args:
            trials: Those that are configured; what was ordered of others is only kept (rule 4).

        Raises:
            StoreError: If it, or the journal, cannot be read.

        """
        self._kept = list(await self._orders.read())
        ours = {EVERY_TRIAL, *trials}
        missing = [order for order in self._kept if not await self._is_journalled(order)]
        self._elsewhere = [order for order in missing if order.trial_id not in ours]
        self._standing = [order for order in self._kept if order.trial_id in ours]
        return [order for order in missing if order.trial_id in ours]

    async def _is_journalled(self, order: Order) -> bool:
        rows = await self._store.journal(trial_id=order.trial_id, limit=_LOOKED_AT)
        entries = [row.entry for row in rows]
        is_too_far_back = len(entries) == _LOOKED_AT and entries[-1].at > order.at
        return is_too_far_back or _is_among(entries, order)

    def stand(self, order: Order | None) -> None:
        """Remember an order that stands, whether it can be kept or not."""
        self._standing += [] if order is None else [order]

    async def keep(self, order: Order) -> bool:
        """Keep an order that must not stand otherwise; False if that could not be done."""
        self._standing.append(order)
        await self.keep_standing()
        if order in self._kept:
            return True
        self._standing.remove(order)
        return False

    async def let_go(self) -> None:
        """Keep nothing any more, for the journal has it."""
        self._standing.clear()
        await self.keep_standing()

    async def keep_standing(self) -> None:
        """Keep what stands, and nothing else; what fails is told once, and tried again."""
        wanted = [*self._elsewhere, *self._standing]
        if wanted == self._kept:
            return
        try:
            await self._orders.keep(wanted)
        except StoreError as error:
            if str(error) != self.problem:
                log.error("store.order_not_kept", problem=str(error))  # noqa: TRY400 - no bug of ours
            self.problem = str(error)
        else:
            self._kept, self.problem = wanted, ""


def _is_among(entries: Iterable[Entry], order: Order) -> bool:
    ours = [_said(cleaned(each)) for each in order.entries]
    return any(_said(each) in ours for each in entries)


def _said(entry: Entry) -> tuple[TrialId, datetime, str]:
    return entry.trial_id, entry.at, entry.sentence


def take_in_again(trial: Trial, order: Order) -> Sequence[Command]:
    """Do again what was ordered; nothing, if it is so already or was of another model."""
    trigger = _TRIGGERS[order.what]
    if trigger is not Operation.PAUSE and order.model != _model(trial.plan):
        return ()
    before = trial.memory.state
    after = step(before, trigger, course=trial.plan.course, facts=Facts(now=order.at))
    if after.state == before:
        return ()
    trial.memory = replace(trial.memory, state=after.state, said=())
    log.warning("daemon.order_taken_in_again", trial_id=order.trial_id, order=order.what)
    return [Record(entry=entry) for entry in order.entries]
