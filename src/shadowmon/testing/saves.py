"""What the store's contract commits, and what it expects to be told of it."""
# ruff: noqa: S101 - as in stores.py

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shadowmon.records import (
    EVERYTHING,
    Awaiting,
    Cell,
    Choice,
    DeadLetter,
    Entry,
    EntryKind,
    ExchangeId,
    MetricName,
    Preference,
    SliceName,
    TrialId,
)
from shadowmon.store.store import Save, Saved


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CELL = Cell(
    trial_id=TrialId("int8"), epoch=1, stage=0, metric=MetricName("correct"), slice=EVERYTHING
)
WAITING = Awaiting(
    trial_id=TrialId("int8"),
    epoch=1,
    exchange_id=ExchangeId("x-1"),
    baseline="cat",
    optimized=None,
    slices=frozenset({EVERYTHING, SliceName("edge")}),
    received_at=NOON,
)


def an_entry(sentence: str, data: Mapping[str, Any] | None = None) -> Entry:
    """Return a verdict's entry."""
    return Entry(
        at=NOON,
        trial_id=TrialId("int8"),
        kind=EntryKind.VERDICT,
        sentence=sentence,
        data=data or {},
    )


def a_letter(number: int) -> DeadLetter:
    """Return what a reader could not be told of an entry."""
    return DeadLetter(
        reader="slack.ops",
        number=number,
        message_id=f"journal_{number}_00",
        topic="rollout.rolled_back",
        sentence="rolled back",
        problem="404",
        tries=1,
        at=NOON,
    )


PREFERRED = Preference(
    trial_id=TrialId("int8"),
    epoch=1,
    task=ExchangeId("q-1"),
    reviewer="ada",
    choice=Choice.TIE,
    at=NOON,
)

WHOLE = Save(
    entries=[an_entry("It holds.", {"log_e_value": 1.5})],
    snapshots={TrialId("int8"): {"phase": "shadowing", "bets": [0.25, 1e-12], "note": None}},
    accounts={("w-1", CELL): (0, 12, 0, 3)},
    awaiting=[WAITING],
    labels={ExchangeId("x-1"): "cat"},
    preferences=[PREFERRED],
)
"""A commit with something of everything in it."""


def assert_whole(saved: Saved) -> None:
    """See that `WHOLE`, and nothing else, was committed."""
    assert saved == Saved(
        snapshots=WHOLE.snapshots,
        accounts=WHOLE.accounts,
        awaiting=tuple(WHOLE.awaiting),
        labels=WHOLE.labels,
        last_number=1,
        preferences=(PREFERRED,),
    )
