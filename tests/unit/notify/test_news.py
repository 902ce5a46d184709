"""Which journal entries are told, under which id, and how they are written."""

from __future__ import annotations

import json

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from shadowmon.notify import bodies
from shadowmon.notify.news import DATA_MAX_BYTES, news
from shadowmon.notify.settings import Topic
from shadowmon.records import EntryKind, Grade, TrialId
from shadowmon.rollout.freeze import Hold, entry_of
from shadowmon.store.chain import cleaned
from tests.factories import NOON
from tests.views import a_row


DROP = {"move": "drop", "phase": "rolled_back", "weight": 0}


def told(kind, **data):
    """Return what is told of an entry."""
    return news(a_row(7, kind, data=data).entry, 7)


@pytest.mark.parametrize(
    ("move", "phase", "topic"),
    [
        ("climb", "progressing", Topic.STAGE_ENTERED),
        ("climb", "promoted", Topic.PROMOTED),
        ("step_down", "progressing", Topic.STEPPED_DOWN),
        ("drop", "rolled_back", Topic.ROLLED_BACK),
        ("re_arm", "shadowing", Topic.RE_ARMED),
        ("advance", "side_by_side", Topic.PHASE_ENTERED),
    ],
)
def test_moves(move, phase, topic):
    """Each move of a rollout has a topic of its own."""
    found = told(EntryKind.STAGE_ENTERED, move=move, phase=phase)

    assert found is not None
    assert found.topic is topic


@pytest.mark.parametrize(
    ("grade", "topic"),
    [
        ("review", Topic.REVIEW_WANTED),
        ("borderline", Topic.REVIEW_WANTED),
        ("wait", None),
        ("accept", None),
        ("reject", None),
    ],
)
def test_verdicts(grade, topic):
    """Of verdicts only those are told that want a person; the others move something, or nothing."""
    found = told(EntryKind.VERDICT, grade=grade, decision="hold", epoch=1, reasons=[{"long": 1}])

    assert (found.topic if found else None) is topic
    assert found is None or "reasons" not in found.data


@pytest.mark.parametrize(
    "kind", [EntryKind.TRIAL_OPENED, EntryKind.EPOCH_OPENED, EntryKind.WEIGHT_APPLIED]
)
def test_what_is_not_told(kind):
    """What people need not hear of is not told."""
    assert told(kind) is None


def test_every_topic_comes_of_something():
    """Each topic that can be configured is one that some entry has."""
    kinds = [told(kind) for kind in EntryKind]
    moves = [
        told(EntryKind.STAGE_ENTERED, move=move, phase=phase)
        for move in ("climb", "step_down", "drop", "re_arm", "advance")
        for phase in ("progressing", "promoted")
    ]
    review = told(EntryKind.VERDICT, grade="review")

    assert {each.topic for each in (*kinds, *moves, review) if each} == set(Topic)


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOON + timedelta(microseconds=1)},
        {"trial_id": TrialId("int4")},
        {"kind": EntryKind.WEIGHT_DRIFTED},
        {"sentence": "another"},
        {"data": {"weight": 1}},
    ],
)
def test_an_id_is_the_entrys_own(change):
    """The id is the same whenever it is made, and another one for whatever else happened."""
    entry = a_row(7, EntryKind.ALARM, data={"weight": 0}).entry

    found = (news(entry, 7), news(entry), news(replace(entry, **change)))
    ids = [each.message_id for each in found if each]

    assert ids[0] == ids[1] != ids[2]
    assert "." not in ids[0]


def test_an_entry_that_is_not_written_has_its_id_already():
    """As it is given to the store it has the id that it has when the store gives it back."""
    entry = replace(
        a_row(7, EntryKind.ALARM).entry,
        at=NOON.astimezone(timezone(timedelta(hours=9))),
        data={"grade": Grade.RED_LINE, "counts": (1, 2.0, None)},
    )
    read = replace(cleaned(entry), at=NOON)

    ids = {each.message_id for each in (news(cleaned(entry)), news(read, 7)) if each}

    assert len(ids) == 1


def test_long_data_is_left_out():
    """What is longer than a message may be stays in the journal."""
    found = told(EntryKind.GATE, table="x" * DATA_MAX_BYTES)

    assert found is not None
    assert found.data == {}


def test_a_cloud_event():
    """A CloudEvent has every attribute that 1.0 requires, and its id is the message's."""
    found = told(EntryKind.STAGE_ENTERED, **DROP)
    assert found is not None

    event = json.loads(bodies.cloud_event(found))

    assert {event[key] for key in ("specversion", "id", "type")} == {
        "1.0",
        found.message_id,
        "shadowmon.rollout.rolled_back",
    }
    assert event["source"] == "/shadowmon/trials/int8"
    assert event["time"] == "2026-01-01T12:00:00Z"
    assert event["data"]["details"] == DROP


def test_slack_reads_no_markup_of_others():
    """What stands between < and > would be a link or a mention; it is written as text."""
    row = a_row(7, EntryKind.ALARM, sentence="<!channel> & <https://x|y>")
    found = news(row.entry, 7)
    assert found is not None

    text = json.loads(bodies.slack(found))["text"]

    assert "&lt;!channel&gt; &amp; &lt;https://x|y&gt;" in text
    assert found.message_id in text


def test_slack_is_told_of_all_trials_in_words():
    """A freeze is of every trial, whose sign would be markup between the asterisks of a name."""
    text = in_slack(entry_of(Hold.FREEZE, operator="ann", reason="holidays", now=NOON))

    assert text.startswith(":information_source: *all trials* ann asked to freeze everything")
    assert "***" not in text


def test_slack_is_told_in_one_line():
    """A reason that holds a line break begins no message of its own."""
    reason = "lunch\n:rotating_light: *int8* rolled back"
    text = in_slack(entry_of(Hold.FREEZE, operator="ann", reason=reason, now=NOON))

    head, foot = text.split("\n")
    assert head.endswith("lunch :rotating_light: *int8* rolled back")
    assert foot.startswith("_console.operator_asked")


def test_a_long_sentence_is_cut_before_it_is_escaped():
    """What is cut is never half of an escape."""
    text = in_slack(a_row(7, EntryKind.ALARM, sentence="&" * 5_000).entry)

    assert text.split("\n")[0].endswith(" " + "&amp;" * 3_000)


def in_slack(entry):
    """Return an entry as Slack is told of it."""
    found = news(entry)
    assert found is not None
    return json.loads(bodies.slack(found))["text"]
