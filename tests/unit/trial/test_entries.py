"""What a trial journals, in words."""

from __future__ import annotations

import pytest

from shadowmon.records import (
    Decision,
    EntryKind,
    GateReported,
    Grade,
    Notify,
    Operation,
    Phase,
    Record,
    SetWeight,
    Weight,
)
from shadowmon.rollout.machine import Step
from shadowmon.rollout.transitions import Move
from shadowmon.trial import entries
from tests.factories import NOON
from tests.trials import a_plan, a_state


def test_an_opened_trial_says_what_it_is_and_what_it_skips():
    """The first entry holds the plan's fingerprint, the others a phase and why it is left out."""
    opened, skipped = entries.trial_opened(a_plan(), NOON)

    assert opened.entry.kind is EntryKind.TRIAL_OPENED
    assert opened.entry.sentence == (
        "int8 against fp32 on route digits: classification, judged by correct (labels)"
    )
    assert opened.entry.data == {"plan": a_plan().fingerprint()}
    assert skipped.entry.sentence == "benchmark: not today"


def test_what_a_gate_was_judged_by_may_be_called_as_it_likes():
    """A report is journalled whatever its data is called; phase, grade and reporter are ours."""
    report = GateReported(
        phase=Phase.BENCHMARK,
        decision=Decision.PROMOTE,
        grade=Grade.ACCEPT,
        sentence="all well",
        reporter="ci",
        now=NOON,
        data={"grade": "reject", "plan": 1, "now": 2, "table": [3]},
    )

    told = entries.gate_reported(a_plan(), report).entry

    assert told.sentence == "benchmark: accept: all well (reported by ci)"
    assert told.data == {
        "phase": "benchmark",
        "grade": "accept",
        "reporter": "ci",
        "plan": 1,
        "now": 2,
        "table": [3],
    }


@pytest.mark.parametrize("move", [each for each in Move if each is not Move.APPROVE])
def test_every_move_is_journalled_made_and_told(move):
    """In this order, for what is done before it is written down may be forgotten."""
    state = a_state(NOON, desired_weight=Weight(100), phase=Phase.SHADOWING)

    record, weight, call = entries.stage_entered(
        a_plan(), Step(state=state, move=move), NOON, why="so"
    )

    assert isinstance(record, Record)
    assert record.entry.data["move"] == move.name.lower()
    assert record.entry.sentence.endswith(": so")
    assert weight == SetWeight(weight=Weight(100))
    assert isinstance(call, Notify)
    assert call.event.startswith("rollout.")
    assert call.sentence == record.entry.sentence  # the log says why, too


@pytest.mark.parametrize("operation", Operation)
def test_every_refusal_says_where_the_trial_stands(operation):
    """A person learns which trial, in which phase, and what is missing."""
    said = entries.refusal(operation, a_state(NOON, paused=True))

    assert said.startswith("trial int8 is shadowing, paused: ")
