"""
Orders that stand though the journal did not take them: what is kept of them, and taken in again.

Rule 1: an order is a person's freeze, pause or roll-back, or the evidence's roll-back.
Rule 2: one that the journal has is none any more, also where its keeping could not be ended.
Rule 3: it is taken in again at the moment when it was given, so that a person's is journalled, and
        told, word by word as it would have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog

from shadowmon.errors import RefusedError, StoreError
from shadowmon.records import (
    Command,
    Entry,
    EntryKind,
    Operation,
    OperatorAsked,
    Phase,
)
from shadowmon.rollout.freeze import EVERY_TRIAL, Hold
from shadowmon.rollout.transitions import Move
from shadowmon.store.orders import Order, Orders
from shadowmon.store.store import Store
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


log = structlog.get_logger()

OURSELVES = "shadowmon"
"""Who asked for what no person did."""
_LOOKED_AT = 1000
"""Journal entries, the newest ones, among which an order is looked for."""


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
    asked = next((each for each in entries if each.kind is EntryKind.OPERATION), None)
    said = asked.data if asked else {"operator": OURSELVES, "reason": entries[0].sentence}
    return Order(
        trial_id=trial.plan.trial_id,
        what=what.value,
        operator=said["operator"],
        reason=said["reason"],
        at=entries[0].at,
        model=_model(trial.plan),
    )


def order_to_freeze(entry: Entry) -> Order:
    """Return the order to freeze everything that an entry tells of."""
    return Order(
        trial_id=EVERY_TRIAL,
        what=Hold.FREEZE.value,
        operator=entry.data["operator"],
        reason=entry.data["reason"],
        at=entry.at,
    )


def _what(memory: Memory, was: Memory) -> Operation | None:
    state, before = memory.state, was.state
    if state.phase is Phase.ROLLED_BACK and before.phase is not Phase.ROLLED_BACK:
        return Operation.ROLL_BACK
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
        self._kept: list[Order] = []
        """Those of them that are kept."""

    async def from_before(self) -> Sequence[Order]:
        """
        Return what was ordered before we began and the journal does not have; it is kept on.

        Raises:
            StoreError: If it, or the journal, cannot be read.

        """
        self._kept = list(await self._orders.read())
        self._standing = list(self._kept)
        rows = await self._store.journal(limit=_LOOKED_AT) if self._kept else ()
        entries = [row.entry for row in rows]
        is_whole = len(entries) < _LOOKED_AT
        return [
            order
            for order in self._kept
            if not _is_among(entries, order) and (is_whole or entries[-1].at <= order.at)
        ]

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
        if self._standing == self._kept:
            return
        try:
            await self._orders.keep(self._standing)
        except StoreError as error:
            if str(error) != self.problem:
                log.error("store.order_not_kept", problem=str(error))  # noqa: TRY400 - no bug of ours
            self.problem = str(error)
        else:
            self._kept, self.problem = list(self._standing), ""


def _is_among(entries: Iterable[Entry], order: Order) -> bool:
    """A roll-back of the evidence's is journalled as a drop alone."""
    return any(
        (each.trial_id, each.at) == (order.trial_id, order.at)
        and (
            (each.kind is EntryKind.OPERATION and each.data.get("operation") == order.what)
            or (
                order.what == Operation.ROLL_BACK
                and each.data.get("move") == Move.DROP.name.lower()
            )
        )
        for each in entries
    )


def take_in_again(trial: Trial, order: Order) -> Sequence[Command]:
    """Do again what was ordered; nothing, if it is so already or was of another model."""
    operation = Operation(order.what)
    if operation is Operation.ROLL_BACK and order.model != _model(trial.plan):
        return ()
    asked = OperatorAsked(
        operation=operation, operator=order.operator, reason=order.reason, now=order.at
    )
    try:
        commands = trial.handle(asked)
    except RefusedError:
        return ()
    log.warning("daemon.order_taken_in_again", trial_id=order.trial_id, order=order.what)
    return commands
