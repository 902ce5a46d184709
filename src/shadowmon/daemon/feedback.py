"""
Users' feedback, joined to the arm whose reply it is about.

A reply is known by its exchange for as long as there is room; it may be spoken of once. Feedback on
a reply of another stage than the present one says nothing about the present one's users, and is let
go. While the present one's weight was still being applied nobody knows by what share users were
divided (shares.py): a complaint about a reply of then is counted, and proves nothing. What was
joined waits for the next tick, which keeps it (trial/feedback.py).

A user whose arm was drawn once and who complains ten times says one thing, not ten. So a user's
complaints after the first of a stage are counted and prove nothing either. (Where few users make
much of the traffic and each of their complaints counts, what is false is proven far more often than
is promised: tests/statistical/test_complaining_users.py.)

Rule 1: bounded: the oldest replies are forgotten first, and feedback on them is of unknown ones.
        Users choose an exchange's name, and may choose one twice: it means the newest reply then.
Rule 2: nothing is counted twice: what a tick could not commit is offered again, and only then.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from shadowmon.daemon.shares import Shares
from shadowmon.records import (
    Arm,
    ExchangeId,
    Exposure,
    Feedback,
    FeedbackKind,
    Felt,
    RolloutState,
    TrialId,
)


REPLIES_MAX = 200_000

_Place: TypeAlias = tuple[TrialId, int, int, Arm]
"""Trial, epoch, stage and arm."""

_Who: TypeAlias = tuple[TrialId, int, int, str]
"""Trial, epoch, stage and user."""


class FeedbackDesk:
    """Joins feedback to the replies that users got."""

    def __init__(self, shares: Shares, *, replies_max: int = REPLIES_MAX) -> None:
        self._shares = shares
        self._max = replies_max
        self._shown: OrderedDict[ExchangeId, dict[TrialId, Exposure]] = OrderedDict()
        """Of each exchange, the arm in every trial of its route; empty once it was spoken of."""
        self._felt: dict[_Place, Felt] = {}
        """What no tick has kept yet."""
        self._complained: OrderedDict[_Who, None] = OrderedDict()
        self._offered: dict[TrialId, dict[_Place, Felt]] = {}
        self.fates: Counter[str] = Counter()
        """accepted, unknown, stale, repeated."""

    def show(self, exposures: Iterable[Exposure]) -> None:
        """Remember which arm's reply a user got."""
        for exposure in exposures:
            self._shown.setdefault(exposure.exchange_id, {})[exposure.trial_id] = exposure
            self._add(_place(exposure), Felt(replies=1))
        while len(self._shown) > self._max:
            self._shown.popitem(last=False)

    def take(
        self, feedback: Sequence[Feedback], states: Mapping[TrialId, RolloutState]
    ) -> Mapping[str, int]:
        """Take feedback in; return how many were accepted, unknown, stale and repeated."""
        fates = Counter(self._take(each, states) for each in feedback)
        self.fates.update(fates)
        return {fate: fates[fate] for fate in ("accepted", "unknown", "stale", "repeated")}

    def since(self, state: RolloutState) -> Mapping[Arm, Felt]:
        """Return what was felt of a trial's present stage, and no tick has kept yet."""
        mine = {place: felt for place, felt in self._felt.items() if place[0] == state.trial_id}
        self._offered[state.trial_id] = mine
        now = (state.epoch, state.stage_count)
        return {arm: felt for (_, epoch, stage, arm), felt in mine.items() if (epoch, stage) == now}

    def heard(self, trial_id: TrialId) -> None:
        """Forget what `since` returned: it is kept now, or of a stage that is over."""
        for place, felt in self._offered.pop(trial_id, {}).items():
            left = self._felt[place] - felt
            if left == Felt():
                del self._felt[place]
            else:
                self._felt[place] = left

    # --- one piece of feedback ---

    def _take(self, each: Feedback, states: Mapping[TrialId, RolloutState]) -> str:
        if each.exchange_id is not None:
            return self._of_exchange(each, each.exchange_id, states)
        state = states.get(each.trial_id) if each.trial_id else None
        if state is None or each.arm is None:
            return "unknown"
        if each.at is not None and each.at < state.entered_stage_at:
            return "stale"
        self._say((state.trial_id, state.epoch, state.stage_count, each.arm), each, state, each.at)
        return "accepted"

    def _of_exchange(
        self, each: Feedback, exchange_id: ExchangeId, states: Mapping[TrialId, RolloutState]
    ) -> str:
        shown = self._shown.get(exchange_id)
        if shown is None:
            return "unknown"
        if not shown:
            return "repeated"
        self._shown[exchange_id] = {}
        present = [exposure for exposure in shown.values() if _is_present(exposure, states)]
        for exposure in present:
            state = states[exposure.trial_id]
            is_new = self._is_first_of_user(exposure, each.kind)
            self._say(_place(exposure), each, state, exposure.received_at, proves=is_new)
        return "accepted" if present else "stale"

    def _say(
        self,
        place: _Place,
        each: Feedback,
        state: RolloutState,
        served_at: datetime | None,
        *,
        proves: bool = True,
    ) -> None:
        if each.kind is FeedbackKind.THUMB_UP:
            self._add(place, Felt(thumbs_up=1))
        else:
            in_force = self._shares.at(state.trial_id, served_at) == state.desired_weight
            self._add(place, Felt(complaints=1, unplaced=int(not (in_force and proves))))

    def _is_first_of_user(self, shown: Exposure, kind: FeedbackKind) -> bool:
        """Has the user, if he is known, not complained in this stage before?"""
        if not shown.asker or kind is FeedbackKind.THUMB_UP:
            return True
        who = (shown.trial_id, shown.epoch, shown.stage, shown.asker)
        is_first = who not in self._complained
        self._complained[who] = None
        if len(self._complained) > self._max:
            self._complained.popitem(last=False)
        return is_first

    def _add(self, place: _Place, more: Felt) -> None:
        self._felt[place] = self._felt.get(place, Felt()) + more


def _place(exposure: Exposure) -> _Place:
    return exposure.trial_id, exposure.epoch, exposure.stage, exposure.arm


def _is_present(exposure: Exposure, states: Mapping[TrialId, RolloutState]) -> bool:
    state = states.get(exposure.trial_id)
    return state is not None and (state.epoch, state.stage_count) == (
        exposure.epoch,
        exposure.stage,
    )
