"""Users' feedback, joined to the arm whose reply it is about."""

from __future__ import annotations

from datetime import timedelta

from shadowmon.daemon.feedback import FeedbackDesk
from shadowmon.records import Arm, ExchangeId, Exposure, Feedback, FeedbackKind, Felt
from tests.factories import NOON
from tests.trials import INT8, a_state


STATE = a_state(NOON, stage_count=3)
STATES = {INT8: STATE}


def shown(name, arm=Arm.OPTIMIZED, *, stage=3, epoch=1):
    """A user got a reply."""
    return Exposure(trial_id=INT8, epoch=epoch, stage=stage, exchange_id=ExchangeId(name), arm=arm)


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
    desk = FeedbackDesk()
    desk.show([shown("a"), shown("b", Arm.BASELINE), shown("c")])

    assert desk.take([of("a"), of("c", FeedbackKind.THUMB_UP)], STATES) == fates(accepted=2)

    assert desk.since(STATE) == {
        Arm.OPTIMIZED: Felt(replies=2, complaints=1, thumbs_up=1),
        Arm.BASELINE: Felt(replies=1),
    }


def test_a_reply_is_spoken_of_once():
    """A user who complains twice is one complaint."""
    desk = FeedbackDesk()
    desk.show([shown("a")])

    assert desk.take([of("a"), of("a")], STATES) == fates(accepted=1, repeated=1)


def test_a_name_that_users_give_twice_is_one_reply():
    """However often a name comes, it means the newest reply, and one complaint is one."""
    desk = FeedbackDesk()
    desk.show([shown("a", Arm.BASELINE), *[shown("a")] * 1000])

    assert desk.take([of("a")], STATES) == fates(accepted=1)

    assert desk.since(STATE) == {
        Arm.BASELINE: Felt(replies=1),
        Arm.OPTIMIZED: Felt(replies=1000, complaints=1),
    }


def test_what_is_not_known():
    """An exchange that nobody was shown, another trial, and one that was forgotten are unknown."""
    desk = FeedbackDesk(replies_max=1)
    desk.show([shown("a"), shown("b")])

    given = [of("a"), of("z"), by_arm(trial_id="other"), of("b")]
    assert desk.take(given, STATES) == fates(unknown=3, accepted=1)


def test_another_stage_is_over():
    """Feedback on what was served in another stage or epoch says nothing about this one."""
    desk = FeedbackDesk()
    desk.show([shown("a", stage=2), shown("b", epoch=0)])
    before = NOON - timedelta(seconds=1)

    given = [of("a"), of("b"), by_arm(at=before), by_arm(at=NOON)]

    assert desk.take(given, STATES) == fates(stale=3, accepted=1)
    assert desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}


def test_what_was_kept_is_not_offered_again():
    """What a tick could not commit is offered again; what it kept is not, and nothing is lost."""
    desk = FeedbackDesk()
    desk.take([by_arm()], STATES)

    assert desk.since(STATE) == desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}
    desk.take([by_arm()], STATES)
    desk.heard(INT8)

    assert desk.since(STATE) == {Arm.BASELINE: Felt(complaints=1)}
    desk.heard(INT8)
    assert desk.since(STATE) == {}
