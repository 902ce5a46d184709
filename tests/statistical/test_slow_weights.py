"""What is promised of complaints where a weight takes long to come into force: no false word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.daemon.shares import Shares
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import ALL_TRAFFIC, Arm, ExchangeId, Exposure, Feedback, FeedbackKind, Weight
from shadowmon.trial.feedback import Complaints, FeedbackRule
from tests.factories import NOON
from tests.streams import at_most
from tests.trials import INT8, a_state


RULE = FeedbackRule(rise=0.1, climb=OnComplaints.UNLESS_INCREASED, alpha=0.05)
STREAMS = 200
COMPLAINTS = 240
"""Of each stream: two thirds about replies from before the weight was in force."""
IN_FORCE = NOON + timedelta(seconds=COMPLAINTS * 2 / 3)


def complaints_of_a_stage(rng, *, before: int, wanted: int) -> Complaints:
    """One complaint a second, at the tolerated rate; all are told when the weight is in force."""
    state = a_state(NOON, desired_weight=Weight(wanted), applied_weight=Weight(before))
    shares = Shares()
    desk = FeedbackDesk(shares)
    shares.note(state, NOON)
    for second in range(COMPLAINTS):
        moment = NOON + timedelta(seconds=second)
        share = wanted if moment >= IN_FORCE else before
        odds = (1 + RULE.rise) * share / (ALL_TRAFFIC - share)
        arm = Arm.OPTIMIZED if rng.random() < odds / (1 + odds) else Arm.BASELINE
        shown = Exposure(
            trial_id=INT8,
            epoch=state.epoch,
            stage=state.stage_count,
            exchange_id=ExchangeId(str(second)),
            arm=arm,
            received_at=moment,
        )
        desk.show([shown])
    state = replace(state, applied_weight=Weight(wanted))
    shares.note(state, IN_FORCE)
    told = [
        Feedback(kind=FeedbackKind.COMPLAINT, exchange_id=ExchangeId(str(second)))
        for second in range(COMPLAINTS)
    ]
    desk.take(told, {INT8: state})
    return Complaints().heard(desk.since(state), state)


@pytest.mark.parametrize(
    ("before", "wanted", "false"),
    [(5_000, 500, "increased"), (500, 5_000, "disproved")],
    ids=["down", "up"],
)
def test_a_weight_that_comes_late_makes_no_false_word(before, wanted, false):
    """Counted by the wanted share, a step down would blame the model in every stream."""
    rng = np.random.default_rng(7)
    streams = [complaints_of_a_stage(rng, before=before, wanted=wanted) for _ in range(STREAMS)]

    assert np.mean([getattr(each, false)(RULE) for each in streams]) <= at_most(0.05, STREAMS)
    assert all(sum(each.felt[arm].complaints for arm in Arm) == COMPLAINTS for each in streams)
