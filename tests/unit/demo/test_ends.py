"""How the story must end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from shadowmon.demo.ends import Swap, complaints, harm
from shadowmon.demo.journal import Line
from shadowmon.demo.load import Asked, Ended
from shadowmon.demo.seen import Seen, Window


STAGES_KEPT = [
    Seen(
        window=Window(trial="int8", weight=percent / 100, begins=0, ends=1),
        asked=1000,
        answered=percent * 10,
        standard_error=0.01,
    )
    for percent in (1, 10, 50, 100)
]
PEACE = Ended(asked=100, errors=0, labels_posted=100, labels_lost=0)
SWAP = Swap(at=50.0, taken_back_at=53.0)


def a_line(number, trial, kind, **data):
    """Return a journal line; its number is its second."""
    moment = datetime.fromtimestamp(number, UTC)
    return Line(number=number, at=moment, trial=trial, kind=kind, sentence="", data=data)


INT2_DROPPED = [
    a_line(1, "int2", "verdict", decision="roll_back", grade="red_line"),
    a_line(2, "int2", "stage_entered", move="drop", weight=0),
]
INT8_AT_THE_TOP = [a_line(3, "int8", "weight_applied", weight=10_000)]
GOOD = [*INT2_DROPPED, *INT8_AT_THE_TOP]


def test_good_end_has_no_complaints():
    """When all ended as it must there is nothing to say."""
    assert complaints(GOOD, STAGES_KEPT, PEACE, SWAP) == []


def test_int8_must_reach_the_top():
    """A story in which int8 never has all traffic has failed."""
    assert complaints(INT2_DROPPED, STAGES_KEPT, PEACE, None) == [
        "int8 never had all of the traffic"
    ]


def test_traffic_must_be_taken_back():
    """A swap that the daemon does not answer is a failure."""
    assert complaints(GOOD, STAGES_KEPT, PEACE, Swap(at=50.0)) == [
        "int8 answered with other weights, and the traffic was not taken back"
    ]


def test_int2_must_fall_on_a_red_line():
    """int2 must be rolled back, and for the right reason."""
    rejected = [a_line(1, "int2", "verdict", decision="roll_back", grade="reject"), GOOD[1]]

    assert complaints(INT8_AT_THE_TOP, STAGES_KEPT, PEACE, SWAP) == ["int2 was never rolled back"]
    assert complaints([*rejected, *INT8_AT_THE_TOP], STAGES_KEPT, PEACE, SWAP) == [
        "int2 was rolled back on reject, not on a red line"
    ]


def test_int2_must_answer_no_user():
    """A weight of int2 above nothing is a failure."""
    held = a_line(4, "int2", "weight_applied", weight=100)

    assert complaints([*GOOD, held], STAGES_KEPT, PEACE, SWAP) == ["int2 answered users"]


def test_weights_users_errors_and_labels_are_complained_of():
    """Each thing that users or the load generator saw wrong is a sentence with its numbers."""
    window = Window(trial="int8", weight=0.5, begins=0, ends=1)
    wrong = Seen(window=window, asked=1000, answered=600, standard_error=0.016)
    seen = [*STAGES_KEPT, wrong]
    ended = Ended(asked=100, errors=2, labels_posted=97, labels_lost=3)

    assert complaints(GOOD, seen, ended, SWAP) == [
        (
            "int8 should have answered 50% and answered 60.00% of 1000 requests: more than 3 "
            "standard errors of 1.60% away"
        ),
        "2 of 100 users got an error",
        "3 labels could not be posted",
    ]


def test_every_stage_must_be_counted():
    """A stage that no users came by in cannot be vouched for."""
    few = replace(STAGES_KEPT[0], asked=400, answered=4)

    assert complaints(GOOD, [few, *STAGES_KEPT[1:]], PEACE, SWAP) == [
        "too few users came by while int8 had 1% to say what they got"
    ]


def test_harm_is_what_users_got_from_the_swapped_model():
    """Only its answers after the swap count, right and wrong."""
    asked = [
        Asked(sent_at=49.0, user=1, version="int8", correct=False),
        Asked(sent_at=50.5, user=1, version="int8", correct=False),
        Asked(sent_at=51.0, user=2, version="int8", correct=True),
        Asked(sent_at=52.0, user=3, version="fp32", correct=False),
    ]

    found = harm(SWAP, asked)

    assert found is not None
    assert (found.asked, found.wrong, found.seconds) == (2, 1, 3.0)
    assert harm(Swap(at=50.0), asked) is None
