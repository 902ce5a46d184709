"""Pairs that wait for the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shadowmon.daemon.labels import LabelDesk, LabelRule
from shadowmon.records import Answer, Awaiting, ExchangeId, Label, SliceName, TrialId
from shadowmon.scoring import truth as truths
from shadowmon.scoring.truth import Truth, digest
from tests.factories import NOON


INT8, INT4 = TrialId("int8"), TrialId("int4")
HOUR = timedelta(hours=1)


def a_desk(*, covers_all=True, awaiting_max=100):
    rule = LabelRule(maturity=HOUR, covers_all=covers_all)
    return LabelDesk({INT8: rule}, awaiting_max=awaiting_max)


def waiting(number, *, baseline="7", optimized="7", minutes=0):
    return Awaiting(
        trial_id=INT8,
        epoch=1,
        exchange_id=ExchangeId(f"x-{number}"),
        baseline=digest(baseline),
        optimized=None if optimized is None else digest(optimized),
        slices=frozenset({SliceName("all")}),
        received_at=NOON + timedelta(minutes=minutes),
    )


def label(number, text="7"):
    return Label(exchange_id=ExchangeId(f"x-{number}"), label=text)


def test_a_pair_is_counted_when_it_is_mature_not_when_its_label_comes():
    """A label that comes at once changes nothing before the hour is over."""
    desk = a_desk()
    desk.expect([waiting(1, optimized="1")])

    assert desk.take([label(1)]) == 1
    assert desk.settle(NOON + HOUR - timedelta(seconds=1)) == []
    (settled,) = desk.settle(NOON + HOUR)

    (seen,) = settled.observations
    assert (seen.baseline, seen.optimized) == (True, False)
    assert len(desk) == 0


@pytest.mark.parametrize(("covers_all", "missing"), [(True, ["unlabelled"]), (False, [])])
def test_a_pair_without_a_label_is_missing_or_left_out(covers_all, missing):
    """Where every exchange was to have a label, its absence counts; else it says nothing."""
    desk = a_desk(covers_all=covers_all)
    desk.expect([waiting(1)])

    (settled,) = desk.settle(NOON + HOUR)

    assert [seen.missing for seen in settled.observations] == missing
    assert desk.fates["unlabelled"] == 1


def test_a_clock_that_was_wrong_holds_nobody_else_up():
    """Pairs are settled by their own times, the oldest first, in whatever order they were told."""
    desk = a_desk()
    desk.expect([waiting(1, minutes=24 * 60), waiting(2, minutes=5), waiting(3)])

    settled = desk.settle(NOON + 2 * HOUR)

    assert [each.awaiting.exchange_id for each in settled] == ["x-3", "x-2"]
    assert len(desk) == 1


def test_a_model_that_failed_to_answer_is_missing():
    """No answer is no wrong answer: it is an availability event, counted against the climb."""
    desk = a_desk()
    desk.expect([waiting(1, optimized=None)])
    desk.take([label(1)])

    (settled,) = desk.settle(NOON + HOUR)

    (seen,) = settled.observations
    assert seen.missing == "optimized_failed"


def test_a_label_may_come_before_its_pair_is_known():
    """Scoring lags behind a quick labeller; the label is kept for it."""
    desk = a_desk()

    assert desk.take([label(1)]) == 0
    desk.expect([waiting(1)])
    (settled,) = desk.settle(NOON + HOUR)

    (seen,) = settled.observations
    assert seen.baseline is True


def test_pairs_settle_in_the_order_of_their_requests():
    """Each at its own time."""
    desk = a_desk()
    desk.expect([waiting(1), waiting(2, minutes=10)])

    first = desk.settle(NOON + HOUR)
    second = desk.settle(NOON + HOUR + timedelta(minutes=10))

    assert [each.awaiting.exchange_id for each in first + second] == ["x-1", "x-2"]


def test_the_room_is_bounded_and_what_is_given_up_is_counted():
    """More pairs than there is room for are not kept."""
    desk = a_desk(awaiting_max=3)

    taken = desk.expect([waiting(number) for number in range(5)])

    assert (len(taken), len(desk), desk.fates["given_up"]) == (3, 3, 2)


def test_a_pair_of_a_trial_that_expects_no_labels_does_not_wait():
    """It would wait for ever."""
    desk = LabelDesk({}, awaiting_max=10)

    assert desk.expect([waiting(1)]) == []


def test_white_space_around_an_answer_is_no_difference():
    """Answers and labels are compared without what surrounds them."""
    desk = a_desk()
    desk.expect([waiting(1, baseline=" 7\n")])
    desk.take([label(1, "7 ")])

    (settled,) = desk.settle(NOON + HOUR)

    (seen,) = settled.observations
    assert seen.baseline is True


def test_a_label_is_compared_as_its_trial_says():
    """For a number "42.0" is 42 and "43" is not; for words it is another word."""
    rules = {
        INT8: LabelRule(maturity=HOUR, covers_all=True, truth=Truth.NUMBER),
        INT4: LabelRule(maturity=HOUR, covers_all=True),
    }
    desk = LabelDesk(rules, awaiting_max=100)
    said = {
        "baseline": Answer(text="It is 42.0"),
        "optimized": Answer(text="It is 43."),
    }
    for trial, truth in ((INT8, Truth.NUMBER), (INT4, Truth.WORD)):
        answers = {arm: truths.said(answer, truth) for arm, answer in said.items()}
        desk.expect([replace(waiting(1), trial_id=trial, **answers)])
    desk.take([label(1, "42")])

    settled = {each.awaiting.trial_id: each.observations[0] for each in desk.settle(NOON + HOUR)}

    assert (settled[INT8].baseline, settled[INT8].optimized) == (True, False)
    assert (settled[INT4].baseline, settled[INT4].optimized) == (False, False)


def test_classes_are_counted_on_their_own():
    """One more observation for each class that is configured."""
    rule = LabelRule(maturity=HOUR, covers_all=True, classes=("7", "8"))
    desk = LabelDesk({INT8: rule}, awaiting_max=100)
    desk.expect([waiting(1, baseline="7", optimized="8")])
    desk.take([label(1, "7")])

    (settled,) = desk.settle(NOON + HOUR)

    assert [(seen.metric, seen.baseline, seen.optimized) for seen in settled.observations] == [
        ("correct", True, False),
        ("missed:7", False, True),
        ("false_alarm:8", False, True),
    ]


def test_a_label_of_an_older_store_is_known():
    """Labels that were kept before there were kinds are words."""
    desk = a_desk()
    desk.restore([waiting(1, baseline="7", optimized="8")], {ExchangeId("x-1"): digest("7")})

    (settled,) = desk.settle(NOON + HOUR)

    (seen,) = settled.observations
    assert (seen.baseline, seen.optimized) == (True, False)
