"""
From a journal entry to a message that is worth telling. Pure.

Rule: a message's id is made of what its entry says, and when: it is the same on every try, after
every restart and from every replica, even before the entry is written (ahead.py).
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from shadowmon.notify.settings import Topic
from shadowmon.records import Entry, EntryKind, Grade, Phase, TrialId


DATA_MAX_BYTES = 16_384
"""An entry's own data is left out of a message where it is longer; the journal has it."""
_ID_DIGITS = 32


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


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One message."""

    message_id: str
    number: int | None
    """Of its entry; None if the journal does not have it yet."""
    topic: Topic
    at: datetime
    trial_id: TrialId
    sentence: str
    data: Mapping[str, Any]


def news(entry: Entry, number: int | None = None) -> News | None:
    """Return what is to be told of an entry; None if it is not worth telling."""
    topic = _topic(entry)
    if topic is None:
        return None
    return News(
        message_id=_id(entry),
        number=number,
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


def _id(entry: Entry) -> str:
    """Two entries of one moment, of one trial, that say the same are one."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [at, entry.trial_id, entry.kind, entry.sentence, entry.data]
    digest = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return f"journal_{digest[:_ID_DIGITS]}"


def _short(entry: Entry) -> Mapping[str, Any]:
    if entry.kind is EntryKind.VERDICT:  # its reasons are for whoever computes them again
        return {key: entry.data[key] for key in ("decision", "grade", "epoch") if key in entry.data}
    fits = len(json.dumps(dict(entry.data))) <= DATA_MAX_BYTES
    return entry.data if fits else {}
