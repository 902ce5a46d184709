"""What other controllers are told of a trial, and what it takes to pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from shadowmon.gates.standing import FRESH, WORST, Word, about, standing
from shadowmon.records import Decision, Grade, MetricName, Phase, TrialId
from shadowmon.rollout.freeze import Freeze
from shadowmon.rollout.ladder import IN_SHADOW
from shadowmon.rollout.windows import DAYS, Window
from tests.factories import NOON
from tests.views import a_figure, a_trial_view, a_verdict, a_view


COURSE = a_trial_view().course
ACCEPTED = a_verdict(grade=Grade.ACCEPT, decision=Decision.PROMOTE, sentence="promote: proven")


def stands(*, view=None, **changes):
    """Say where a trial stands that is accepted but for some changes."""
    trial = a_trial_view(verdict=ACCEPTED)
    state = {key: changes.pop(key) for key in list(changes) if hasattr(trial.state, key)}
    trial = replace(trial, state=replace(trial.state, **state), **changes)
    found = standing(a_view(trial, **(view or {})), "int8", now=NOON)
    assert found is not None
    return found


def test_an_accepted_trial_passes():
    """An accepting verdict is a pass, with the loss that is not yet excluded as its number."""
    found = stands()

    assert (found.word, found.value, found.sentence) == (Word.PASS, 0.022, "promote: proven")


@pytest.mark.parametrize(
    "changes",
    [
        {"paused": True},
        {"drifted": True},
        {"phase": Phase.BENCHMARK},
        {"cooldown_until": NOON + timedelta(seconds=1)},
        {"applied_weight": None},
        {"course": replace(COURSE, may_climb=False)},
        {"objection": "complaints increased: 9 in 100 replies"},
        {"phase": Phase.SHADOWING, "stage_index": IN_SHADOW, "pairs_in_stage": 199},
        {
            "phase": Phase.SHADOWING,
            "stage_index": IN_SHADOW,
            "entered_stage_at": NOON - timedelta(seconds=1),
        },
        {"verdict": None},
        {"verdict": replace(ACCEPTED, decided_at=NOON - FRESH - timedelta(seconds=1))},
        {"verdict": replace(ACCEPTED, decision=Decision.HOLD)},
        {"view": {"at": NOON - FRESH - timedelta(seconds=1)}},
        {"view": {"store_problem": "the disk is full"}},
        {"view": {"freeze": Freeze(since=NOON, operator="ann", reason="incident 4711")}},
    ],
)
def test_whatever_is_missing_is_insufficient(changes):
    """A pass needs everything; each thing alone that is missing makes it insufficient."""
    assert stands(**changes).word is Word.INSUFFICIENT


def test_a_stage_of_our_own_ladder_holds_nobody_else():
    """How many pairs a stage of ours asks for, and how long it lasts, is ours alone."""
    entered = NOON - timedelta(seconds=1)
    assert stands(pairs_in_stage=0, entered_stage_at=entered).word is Word.PASS


def test_the_verdict_that_a_stage_was_climbed_by_is_used_up():
    """Between a climb of ours and the next tick nothing was judged in the stage that is."""
    found = stands(entered_stage_at=ACCEPTED.decided_at)

    assert (found.word, found.sentence) == (Word.INSUFFICIENT, "not judged in this stage yet")


def test_a_trial_that_could_not_be_judged_does_not_pass():
    """A fresh picture may show an old verdict, of a trial whose weighing fails: how old is it?"""
    found = stands(
        verdict=replace(ACCEPTED, decided_at=NOON - timedelta(seconds=90)),
        entered_stage_at=NOON - timedelta(hours=1),
    )

    assert found.sentence == "nothing was judged since 2026-01-01T11:58:30+00:00"


def test_another_trial_of_the_route_holds():
    """Where another trial of the route has its traffic, ours waits, and so do the others."""
    trial = a_trial_view(verdict=ACCEPTED)
    other = replace(
        trial, trial_id=TrialId("int4"), state=replace(trial.state, trial_id=TrialId("int4"))
    )
    found = standing(a_view(other, trial), "int8", now=NOON)

    assert found is not None
    assert found.sentence == "the route's traffic is held by trial int4"


def test_a_shut_change_window_is_insufficient():
    """Nobody climbs outside the change windows, however good the evidence: when does one open?"""
    morning = Window(days=DAYS, begin=time(8), end=time(9), zone="UTC")
    found = stands(course=replace(COURSE, windows=(morning,)))

    assert found.word is Word.INSUFFICIENT
    assert found.sentence.startswith("outside the change windows (mon, tue")
    assert found.sentence.endswith("UTC): the next one opens at 2026-01-02T08:00+00:00")


def test_an_open_change_window_holds_nobody():
    """One window that is open is enough."""
    shut = Window(days=DAYS, begin=time(8), end=time(9), zone="UTC")
    opened = Window(days=DAYS, begin=time(12), end=time(13), zone="UTC")

    assert stands(course=replace(COURSE, windows=(shut, opened))).word is Word.PASS


def test_what_a_person_rolled_back_is_not_told_as_the_evidences():
    """The newest verdict is no reason for it; where the evidence rolled back, it is the reason."""
    assert stands(phase=Phase.ROLLED_BACK).sentence == "rolled back, until a person re-arms it"

    proven = replace(ACCEPTED, decision=Decision.ROLL_BACK, sentence="roll_back: proven")
    found = stands(phase=Phase.ROLLED_BACK, verdict=proven)
    assert found.sentence == "rolled back, until a person re-arms it: roll_back: proven"


def test_a_failure_needs_no_window():
    """What has failed is told at any hour: down is never outside of hours."""
    shut = Window(days=DAYS, begin=time(8), end=time(9), zone="UTC")

    assert (
        stands(course=replace(COURSE, windows=(shut,)), phase=Phase.ROLLED_BACK).word is Word.FAIL
    )


def test_a_cooldown_that_is_over_holds_nobody():
    """A cooldown ends by itself."""
    assert stands(cooldown_until=NOON).word is Word.PASS


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, Word.INSUFFICIENT),
        ({"approved_index": 2}, Word.PASS),
        ({"approved_index": 2, "approved_until": NOON}, Word.INSUFFICIENT),
        ({"approved_index": 1}, Word.INSUFFICIENT),
    ],
)
def test_a_stage_that_needs_approval(changes, word):
    """Where the next stage waits for a person, so do the others, until the approval expires."""
    stages = COURSE.ladder.stages
    asking = tuple(replace(stage, needs_approval=at == 2) for at, stage in enumerate(stages))
    course = replace(COURSE, ladder=replace(COURSE.ladder, stages=asking))

    assert stands(course=course, stage_index=1, **changes).word is word


@pytest.mark.parametrize("view", [{}, {"at": NOON - timedelta(days=1)}, {"store_problem": "gone"}])
@pytest.mark.parametrize(
    "changes",
    [
        {"phase": Phase.ROLLED_BACK},
        {"verdict": a_verdict(grade=Grade.REJECT)},
        {"verdict": a_verdict(grade=Grade.RED_LINE)},
        {"verdict": a_verdict(decision=Decision.ROLL_BACK)},
    ],
)
def test_a_failure_outlives_everything(changes, view):
    """Neither a store that is down nor an old picture takes a failure back."""
    assert stands(view=view, **changes).word is Word.FAIL


@pytest.mark.parametrize("figures", [(), (a_figure(upper=None),), (a_figure(upper=float("inf")),)])
def test_what_is_not_measured_is_the_worst(figures):
    """There is always a finite number, and no condition holds for want of one."""
    assert stands(figures=figures).value == WORST


def test_the_number_is_of_the_primary_metric():
    """Other metrics' figures are not what the number tells of."""
    other = a_figure(upper=0.9)
    other = replace(other, metric=replace(other.metric, name=MetricName("error")))

    assert stands(figures=(other, a_figure(upper=0.03))).value == 0.03


def test_another_version_is_insufficient():
    """What was proven of one version is nothing to another, for good or for bad."""
    failed = stands(phase=Phase.ROLLED_BACK)

    assert about(failed, "2").word is Word.INSUFFICIENT
    assert about(failed, failed.version) == about(failed, "") == failed


def test_an_unknown_name():
    """A name that no trial has stands nowhere."""
    assert standing(a_view(), "int-8", now=NOON) is None
