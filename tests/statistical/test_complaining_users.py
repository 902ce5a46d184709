"""
What is promised of complaints where a few users make much of the traffic: no false word.

Each user's arm is drawn once, for a session is not torn between two models. All complain of every
reply with the same chance, but of the optimized model's a tenth more often: exactly what is
tolerated.
"""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.daemon.shares import Shares
from shadowmon.policy.settings import OnComplaints
from shadowmon.records import Arm, ExchangeId, Exposure, Feedback, FeedbackKind, Weight
from shadowmon.trial.feedback import Complaints, FeedbackRule
from tests.factories import NOON
from tests.streams import at_most
from tests.trials import INT8, a_state


ALPHA = 0.05 / 4
"""Of one stage of four."""
RULE = FeedbackRule(rise=0.1, climb=OnComplaints.ONCE_DISPROVED, alpha=ALPHA)
USERS, COMPLAINTS, LOOK_EVERY = 300, 400, 10
STATE = a_state(NOON, desired_weight=Weight(5_000), applied_weight=Weight(5_000))


def wrong_words(seed: int, *, are_known: bool) -> tuple[bool, bool]:
    """Return whether "increased", and whether "not increased", was ever proven in a stage."""
    generator, shares = np.random.default_rng(seed), Shares()
    shares.note(STATE, NOON)
    desk, complaints = FeedbackDesk(shares), Complaints()
    asks = generator.pareto(1.5, USERS) + 0.05
    is_optimized = generator.random(USERS) < 0.5
    complains = asks * np.where(is_optimized, 1 + RULE.rise, 1.0)
    who = generator.choice(USERS, size=COMPLAINTS, p=complains / complains.sum()).tolist()
    increased = disproved = False
    for number, user in enumerate(who):
        exchange_id = ExchangeId(str(number))
        shown = Exposure(
            trial_id=INT8,
            epoch=STATE.epoch,
            stage=STATE.stage_count,
            exchange_id=exchange_id,
            arm=Arm.OPTIMIZED if is_optimized[user] else Arm.BASELINE,
            received_at=NOON,
            asker=str(user) if are_known else "",
        )
        desk.show([shown])
        desk.take([Feedback(kind=FeedbackKind.COMPLAINT, exchange_id=exchange_id)], {INT8: STATE})
        if number % LOOK_EVERY == 0:
            complaints = complaints.heard(desk.since(STATE), STATE)
            desk.heard(INT8)
            increased |= complaints.increased(RULE)
            disproved |= complaints.disproved(RULE)
    return increased, disproved


@pytest.mark.parametrize("are_known", [True, False])
def test_a_user_who_complains_much_is_one_user(are_known: bool) -> None:
    """Where users are not known each complaint counts, and the word is false far too often."""
    stages = np.array([wrong_words(seed, are_known=are_known) for seed in range(100)])

    for of_stages in stages.mean(axis=0):
        if are_known:
            assert of_stages <= at_most(ALPHA, len(stages))
        else:
            assert of_stages > at_most(ALPHA, len(stages))
