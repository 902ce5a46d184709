"""
From a journal entry to a message that is worth telling. Pure.

Rule: a message's id is made of its entry's number and hash: it is the same on every try, after
every restart and from every replica, and different from any other journal's.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shadowmon.notify.settings import Topic
from shadowmon.records import Entry, EntryKind, Grade, Phase, TrialId


DATA_MAX_BYTES = 16_384
"""An entry's own data is left out of a message where it is longer; the journal has it."""
_HASH_DIGITS = 16


class Written(Protocol):
    """An entry as it lies in the journal (store.Row)."""

    @property
    def number(self) -> int:
        """Return its place: 1, 2, 3, …"""
        ...

    @property
    def entry(self) -> Entry:
        """Return what happened."""
        ...

    @property
    def hash(self) -> str:
        """Return the chain's hash at it, in hex."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One message."""

    message_id: str
    number: int
    topic: Topic
    at: datetime
    trial_id: TrialId
    sentence: str
    data: Mapping[str, Any]


def news(written: Written) -> News | None:
    """Return what is to be told of an entry; None if it is not worth telling."""
    entry = written.entry
    topic = _topic(entry)
    if topic is None:
        return None
    return News(
        message_id=f"journal_{written.number}_{written.hash[:_HASH_DIGITS]}",
        number=written.number,
        topic=topic,
        at=entry.at,
        trial_id=entry.trial_id,
        sentence=entry.sentence,
        data=_short(entry),
    )


_BY_KIND: Mapping[EntryKind, Topic] = {
    EntryKind.ALARM: Topic.ALARM_RAISED,
    EntryKind.WEIGHT_REJECTED: Topic.WEIGHT_REJECTED,
    EntryKind.WEIGHT_DRIFTED: Topic.WEIGHT_DRIFTED,
    EntryKind.GATE: Topic.GATE_JUDGED,
    EntryKind.OPERATION: Topic.OPERATOR_ASKED,
    EntryKind.CONFIG: Topic.CONFIG_CHANGED,
}
_BY_MOVE: Mapping[str, Topic] = {
    "climb": Topic.STAGE_ENTERED,
    "step_down": Topic.STEPPED_DOWN,
    "drop": Topic.ROLLED_BACK,
    "re_arm": Topic.RE_ARMED,
    "advance": Topic.PHASE_ENTERED,
}
_FOR_PEOPLE = frozenset((Grade.REVIEW, Grade.BORDERLINE))


def _topic(entry: Entry) -> Topic | None:
    match entry.kind:
        case EntryKind.STAGE_ENTERED if entry.data.get("phase") == Phase.PROMOTED:
            return Topic.PROMOTED
        case EntryKind.STAGE_ENTERED:
            return _BY_MOVE.get(str(entry.data.get("move")), Topic.STAGE_ENTERED)
        case EntryKind.VERDICT:
            return Topic.REVIEW_WANTED if entry.data.get("grade") in _FOR_PEOPLE else None
        case _:
            return _BY_KIND.get(entry.kind)


def _short(entry: Entry) -> Mapping[str, Any]:
    if entry.kind is EntryKind.VERDICT:  # its reasons are for whoever computes them again
        return {key: entry.data[key] for key in ("decision", "grade", "epoch") if key in entry.data}
    fits = len(json.dumps(dict(entry.data))) <= DATA_MAX_BYTES
    return entry.data if fits else {}
