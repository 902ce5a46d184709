"""POST /api/v1/feedback."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shadowmon.records import Arm, ExchangeId, Feedback, FeedbackKind, TrialId


PATH = "/api/v1/feedback"


def test_feedback(ask, desk):
    """On an exchange, or on an arm and a moment; one or many."""
    on_arm = {"kind": "thumb_down", "trial": "int8", "arm": "optimized"}

    one = ask("POST", PATH, {"kind": "complaint", "exchange_id": "x-1"})
    many = ask("POST", PATH, [on_arm, on_arm | {"at": "2026-01-31T12:00:00Z"}])

    assert one.json == {"accepted": 1, "unknown": 0, "stale": 0, "repeated": 0}
    assert many.json["accepted"] == 2
    first, second, third = desk.feedback
    assert first == Feedback(kind=FeedbackKind.COMPLAINT, exchange_id=ExchangeId("x-1"))
    assert (second.trial_id, second.arm, second.at) == (TrialId("int8"), Arm.OPTIMIZED, None)
    assert third.at == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"exchange_id": "x"}, "feedback 0: kind is missing"),
        ({"kind": "rage", "exchange_id": "x"}, 'feedback 0: no kind is called "rage"'),
        ({"kind": "complaint"}, "feedback 0 cannot be joined"),
        ({"kind": "complaint", "exchange_id": "x", "arm": "baseline"}, "cannot be joined"),
        ({"kind": "complaint", "trial": "int8"}, "feedback 0: arm is missing"),
        ({"kind": "complaint", "trial": "int8", "arm": "third"}, 'no arm is called "third"'),
        ([{"kind": "complaint", "exchange_id": "x"}, 7], "feedback 1 must be an object"),
        (
            {"kind": "complaint", "trial": "int8", "arm": "baseline", "at": "noon"},
            "feedback 0: at cannot be used",
        ),
        (
            {"kind": "complaint", "trial": "int8", "arm": "baseline", "at": "2026-01-31T12:00:00"},
            "feedback 0: at cannot be used",
        ),
        (
            {"kind": "complaint", "trial": "int8", "arm": "baseline", "at": "2026-W05-6T12:00:00Z"},
            "feedback 0: at cannot be used",
        ),
        (
            {"kind": "complaint", "trial": "int8", "arm": "baseline", "at": ""},
            "feedback 0: at is missing",
        ),
    ],
)
def test_what_cannot_be_used(body, said, ask, desk):
    """It is said which and why, and nothing of it is taken."""
    answer = ask("POST", PATH, body)

    assert answer.status == 400
    assert said in answer.message
    assert not desk.feedback


def test_too_much_at_once(ask):
    """More than ten thousand pieces are refused."""
    assert ask("POST", PATH, [{}] * 10_001).status == 413
