"""Where trials go on after a start: at their snapshots, and with what was ordered after these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shadowmon.daemon.freezing import Freezing
from shadowmon.daemon.orders import StandingOrders, take_in_again
from shadowmon.daemon.remembering import Decided
from shadowmon.records import TrialId
from shadowmon.rollout.freeze import EVERY_TRIAL
from shadowmon.store.store import Saved
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


def begun(plan: TrialPlan, saved: Saved, now: datetime) -> Decided:
    """Begin a trial, or go on with it; return what is to be journalled of that."""
    snapshot = saved.snapshots.get(plan.trial_id)
    if snapshot is None:
        return Trial.open(plan, now=now)
    return Trial.restore(plan, snapshot, now=now)


async def ordered_before(
    orders: StandingOrders, trials: Mapping[TrialId, Trial], freezing: Freezing
) -> list[Decided]:
    """
    Take in again what was ordered while the store was down, before we began.

    Raises:
        StoreError: If it cannot be known.

    """
    decided: list[Decided] = []
    for order in await orders.from_before(trials.keys()):
        if order.trial_id == EVERY_TRIAL:
            freezing.freeze_again(order)
        else:
            trial = trials[order.trial_id]
            decided.append((trial, take_in_again(trial, order)))
    return decided
