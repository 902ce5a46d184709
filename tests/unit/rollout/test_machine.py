"""The rollout machine, row by row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shadowmon.records import Decision, Grade, Operation, Phase, TrialId, Weight
from shadowmon.rollout.course import Facts
from shadowmon.rollout.machine import step
from shadowmon.rollout.obstacles import why_not_climb
from shadowmon.rollout.transitions import Move
from tests.factories import NOON
from tests.trials import a_course, a_state


COURSE = a_course(1, 10, 100, min_pairs=50, min_dwell_seconds=30)
READY = Facts(now=NOON + timedelta(seconds=30), pairs_in_stage=50)


def test_promote_climbs_one_stage():
    """From the shadow, PROMOTE enters the first stage."""
    after = step(a_state(NOON), Decision.PROMOTE, course=COURSE, facts=READY)

    assert after.move is Move.CLIMB
    assert after.state.phase is Phase.PROGRESSING
    assert after.state.desired_weight == 100


def test_the_last_climb_promotes():
    """The stage with all traffic is the end of the ladder."""
    after = step(
        a_state(
            NOON,
            phase=Phase.PROGRESSING,
            stage_index=1,
            desired_weight=Weight(1000),
            applied_weight=Weight(1000),
        ),
        Decision.PROMOTE,
        course=COURSE,
        facts=READY,
    )

    assert after.state.phase is Phase.PROMOTED
    assert after.state.desired_weight == 10_000


@pytest.mark.parametrize(
    ("changes", "facts", "why"),
    [
        ({"paused": True}, READY, "paused by a person"),
        ({"applied_weight": None}, READY, "the weight is still being applied"),
        (
            {},
            Facts(now=READY.now, pairs_in_stage=50, route_holder=TrialId("int4")),
            "the route's traffic is held by trial int4",
        ),
        (
            {"cooldown_until": NOON + timedelta(seconds=31)},
            READY,
            "cooling down after a step down",
        ),
        ({}, Facts(now=READY.now, pairs_in_stage=49), "49 of 50 pairs in this stage"),
        (
            {},
            Facts(now=NOON + timedelta(seconds=29), pairs_in_stage=50),
            "29 of 30 s in this stage",
        ),
    ],
)
def test_what_keeps_a_rollout_from_climbing(changes, facts, why):
    """Each obstacle blocks the climb, and is said in words."""
    state = a_state(NOON, **changes)

    after = step(state, Decision.PROMOTE, course=COURSE, facts=facts)

    assert after.state == state
    assert after.blocked == why
    assert why_not_climb(state, course=COURSE, facts=facts) == why


@pytest.mark.parametrize("phase", [Phase.SHADOWING, Phase.PROGRESSING, Phase.PROMOTED])
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("trigger", [Decision.ROLL_BACK, Operation.ROLL_BACK])
def test_roll_back_drops_to_nothing_at_once_from_every_live_phase(phase, paused, trigger):
    """Neither pause, dwell, cooldown nor a missing read-back delays a drop."""
    state = a_state(
        NOON,
        phase=phase,
        paused=paused,
        stage_index=0,
        desired_weight=Weight(100),
        cooldown_until=NOON + timedelta(days=1),
    )

    after = step(state, trigger, course=COURSE, facts=Facts(now=NOON))

    assert after.state.phase is Phase.ROLLED_BACK
    assert after.state.desired_weight == 0


def holding(**changes):
    """Return a rollout on its second rung."""
    return a_state(
        NOON, phase=Phase.PROGRESSING, stage_index=1, desired_weight=Weight(1000), **changes
    )


def test_a_step_down_is_one_stage_and_begins_a_cooldown():
    """A proven loss takes one rung, and nothing moves until the cooldown is over."""
    review = Facts(now=NOON, grade=Grade.REVIEW)
    first = step(holding(), Decision.STEP_DOWN, course=COURSE, facts=review)
    second = step(first.state, Decision.STEP_DOWN, course=COURSE, facts=review)
    later = Facts(now=NOON + timedelta(seconds=61), grade=Grade.REVIEW)
    third = step(first.state, Decision.STEP_DOWN, course=COURSE, facts=later)

    assert first.state.desired_weight == 100
    assert second.move is None
    assert third.state.desired_weight == 0
    assert third.state.phase is Phase.SHADOWING


def test_a_borderline_loss_steps_down_once_only():
    """Borderline stays one stage down until a person or the evidence moves it."""
    first = step(
        holding(), Decision.STEP_DOWN, course=COURSE, facts=Facts(now=NOON, grade=Grade.BORDERLINE)
    )
    later = Facts(now=NOON + timedelta(days=1), grade=Grade.BORDERLINE)

    assert step(first.state, Decision.STEP_DOWN, course=COURSE, facts=later).move is None


def test_re_arming_opens_a_new_epoch_in_the_shadow():
    """Only a person leaves ROLLED_BACK, and nothing proven before counts."""
    state = a_state(NOON, phase=Phase.ROLLED_BACK)

    after = step(state, Operation.RE_ARM, course=COURSE, facts=Facts(now=NOON))

    assert (after.state.phase, after.state.epoch) == (Phase.SHADOWING, state.epoch + 1)


def test_pausing_and_resuming_touch_nothing_else():
    """Paused is a flag beside the phase."""
    state = holding()
    paused = step(state, Operation.PAUSE, course=COURSE, facts=READY).state

    assert paused.paused
    assert step(paused, Operation.RESUME, course=COURSE, facts=READY).state == state
