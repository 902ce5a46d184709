"""Users' feedback, joined to the arm whose reply it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.daemon.shares import Shares
from shadowmon.records import Arm, ExchangeId, Exposure, Feedback, FeedbackKind, Felt, Weight
from tests.factories import NOON
from tests.trials import INT8, a_state


STATE = a_state(NOON, stage_count=3)
STATES = {INT8: STATE}
SECOND = timedelta(seconds=1)


def a_desk(**given):
    """A desk that knows the stage's weight to be in force since noon."""
    shares = Shares()
    shares.note(STATE, NOON)
    return FeedbackDesk(shares, **given)


def shown(name, arm=Arm.OPTIMIZED, *, stage=3, epoch=1, at=NOON, asker=""):
    """A user got a reply."""
    return Exposure(
        trial_id=INT8,
        epoch=epoch,
        stage=stage,
        exchange_id=ExchangeId(name),
        arm=arm,
        received_at=at,
        asker=asker,
    )


def of(name, kind=FeedbackKind.COMPLAINT):
    """Feedback on an exchange."""
    return Feedback(kind=kind, exchange_id=ExchangeId(name))


def by_arm(arm=Arm.BASELINE, **changes):
    """Feedback on an arm."""
    given = {"kind": FeedbackKind.THUMB_DOWN, "trial_id": INT8, "arm": arm} | changes
    return Feedback(**given)


def fates(**given):
    """What became of feedback."""
    return {"accepted": 0, "unknown": 0, "stale": 0, "repeated": 0} | given


def test_feedback_on_an_exchange():
    """It is joined to the arm whose reply the user got; a thumb up is no complaint."""
    desk = a_desk()
    desk.show([shown("a"), shown("b", Arm.BASELINE), shown("c")])

    assert desk.take([of("a"), of("c", FeedbackKind.THUMB_UP)], STATES) == fates(accepted=2)

    assert desk.since(STATE) == {
        Arm.OPTIMIZED: Felt(replies=2, complaints=1, thumbs_up=1),
        Arm.BASELINE: Felt(replies=1),
    }


def test_a_reply_is_spoken_of_once():
    """A user who complains twice is one complaint."""
    desk = a_desk()
    desk.show([shown("a")])

    assert desk.take([of("a"), of("a")], STATES) == fates(accepted=1, repeated=1)


def test_a_name_that_users_give_twice_is_one_reply():
    """However often a name comes, it means the newest reply, and one complaint is one."""
    desk = a_desk()
    desk.show([shown("a", Arm.BASELINE), *[shown("a")] * 1000])

    assert desk.take([of("a")], STATES) == fates(accepted=1)

    assert desk.since(STATE) == {
        Arm.BASELINE: Felt(replies=1),
        Arm.OPTIMIZED: Felt(replies=1000, complaints=1),
    }


def test_what_is_not_known():
    """An exchange that nobody was shown, another trial, and one that was forgotten are unknown."""
    desk = a_desk(replies_max=1)
    desk.show([shown("a"), shown("b")])

    given = [of("a"), of("z"), by_arm(trial_id="other"), of("b")]
    assert desk.take(given, STATES) == fates(unknown=3, accepted=1)


def test_another_stage_is_over():
    """Feedback on what was served in another stage or epoch says nothing about this one."""
    desk = a_desk()
    desk.show([shown("a", stage=2), shown("b", epoch=0)])
    before = NOON - timedelta(seconds=1)

    given = [of("a"), of("b"), by_arm(at=before), by_arm(at=NOON)]

    assert desk.take(given, STATES) == fates(stale=3, accepted=1)
    assert desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}


def test_what_was_kept_is_not_offered_again():
    """What a tick could not commit is offered again; what it kept is not, and nothing is lost."""
    desk = a_desk()
    desk.take([by_arm()], STATES)

    assert desk.since(STATE) == desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}
    desk.take([by_arm()], STATES)
    desk.heard(INT8)

    assert desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}
    desk.heard(INT8)
    assert desk.since(STATE) == {}


def test_a_complaint_counts_by_the_share_of_when_its_user_was_served():
    """A weight took a minute to come into force: who was served meanwhile proves nothing."""
    shares, served, in_force = Shares(), NOON + SECOND, NOON + 60 * SECOND
    desk = FeedbackDesk(shares)
    shares.note(replace(STATE, applied_weight=Weight(100), desired_weight=Weight(500)), NOON)
    desk.show([shown("early", at=served), shown("later", at=in_force)])
    state = replace(STATE, applied_weight=Weight(500), desired_weight=Weight(500))
    shares.note(state, in_force)

    assert desk.take([of("early"), of("later")], {INT8: state}) == fates(accepted=2)
    assert desk.take([by_arm(at=served), by_arm()], {INT8: state}) == fates(accepted=2)

    assert desk.since(state) == {
        Arm.OPTIMIZED: Felt(replies=2, complaints=2, unplaced=1),
        Arm.BASELINE: Felt(complaints=2, unplaced=1),
    }


def test_who_was_served_by_the_share_before_says_nothing_of_the_present_one():
    """A worker may have a reply for the new stage's that was chosen by the old one's weight."""
    shares = Shares()
    desk = FeedbackDesk(shares)
    shares.note(replace(STATE, applied_weight=Weight(100), desired_weight=Weight(100)), NOON)
    state = replace(STATE, applied_weight=Weight(500), desired_weight=Weight(500))
    shares.note(state, NOON + SECOND)
    desk.show([shown("a", at=NOON)])

    desk.take([of("a")], {INT8: state})

    assert desk.since(state)[Arm.OPTIMIZED].unplaced == 1


def test_a_user_s_second_complaint_of_a_stage_is_counted_and_proves_nothing():
    """Who serves a user was drawn once; what he praises is no complaint, and a stranger is new."""
    desk = a_desk()
    desk.show([shown(name, asker="ann") for name in "abc"])
    desk.show([shown("d", asker="bob"), shown("e"), shown("f")])

    desk.take([of("a", FeedbackKind.THUMB_UP), *map(of, "bcdef")], STATES)

    felt = Felt(replies=6, complaints=5, thumbs_up=1, unplaced=1)
    assert desk.since(STATE) == {Arm.OPTIMIZED: felt}


def test_in_another_stage_a_user_may_complain_again():
    """Its evidence begins anew."""
    desk = a_desk()
    desk.show([shown("a", asker="ann")])
    desk.take([of("a")], STATES)
    later = replace(STATE, stage_count=4)
    desk.show([shown("b", asker="ann", stage=4)])

    desk.take([of("b")], {INT8: later})

    assert desk.since(later)[Arm.OPTIMIZED].unplaced == 0
