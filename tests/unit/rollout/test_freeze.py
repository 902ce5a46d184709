"""A freeze is its newest journal entry."""

from __future__ import annotations

from shadowmon.records import Decision, EntryKind, Operation, Phase, Weight
from shadowmon.rollout.course import Facts
from shadowmon.rollout.freeze import EVERY_TRIAL, Hold, entry_of, freeze_of
from shadowmon.rollout.machine import step
from shadowmon.rollout.obstacles import why_not_climb
from tests.factories import NOON
from tests.trials import a_course, a_state


FROZEN = entry_of(Hold.FREEZE, operator="ann", reason="incident 4711", now=NOON)


def test_what_is_journalled_says_who_and_why():
    """In a sentence for people, and in data; it is no trial's own."""
    assert (FROZEN.trial_id, FROZEN.kind) == (EVERY_TRIAL, EntryKind.OPERATION)
    assert FROZEN.sentence == "ann asked to freeze everything: incident 4711"


def test_the_newest_entry_says_whether_everything_is_frozen():
    """None, or one that ended a freeze: nothing is."""
    freeze = freeze_of(FROZEN)
    ended = entry_of(Hold.UNFREEZE, operator="ann", reason="over", now=NOON)

    assert freeze is not None
    assert (freeze.since, freeze.operator, freeze.reason) == (NOON, "ann", "incident 4711")
    assert freeze_of(ended) is None
    assert freeze_of(None) is None


def test_frozen_nothing_climbs_and_everything_goes_down():
    """It is the first obstacle, and no obstacle to a drop."""
    freeze = freeze_of(FROZEN)
    assert freeze is not None
    course = a_course(1, 100)
    state = a_state(NOON, phase=Phase.PROGRESSING, stage_index=0, desired_weight=Weight(100))
    facts = Facts(now=NOON, frozen=freeze.sentence)

    assert step(state, Decision.PROMOTE, course=course, facts=facts).state == state
    assert why_not_climb(state, course=course, facts=facts) == freeze.sentence
    for trigger in (Decision.ROLL_BACK, Operation.ROLL_BACK, Decision.STEP_DOWN):
        assert step(state, trigger, course=course, facts=facts).state.desired_weight == 0
