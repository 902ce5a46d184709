"""What comes out of the core: commands, and what is remembered of them."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from shadowmon.records.names import TrialId, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight:
    """Give the optimized model this share of its route's traffic."""

    weight: Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write this to the journal before doing anything that comes after it."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell people."""

    event: str
    sentence: str


Command: TypeAlias = SetWeight | Record | Notify


class EntryKind(enum.StrEnum):
    """What a journal entry tells of."""

    TRIAL_OPENED = "trial_opened"
    PHASE_SKIPPED = "phase_skipped"
    EPOCH_OPENED = "epoch_opened"
    ALARM = "alarm"
    """A person is called; nothing is decided by it (evidence/alarm.py)."""
    VERDICT = "verdict"
    STAGE_ENTERED = "stage_entered"
    WEIGHT_APPLIED = "weight_applied"
    WEIGHT_REJECTED = "weight_rejected"
    WEIGHT_DRIFTED = "weight_drifted"
    GATE = "gate"
    """A phase before the shadow was judged."""
    OPERATION = "operation"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal: what happened, in a sentence and in data."""

    at: datetime
    trial_id: TrialId
    kind: EntryKind
    sentence: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """JSON: only str, int, float, bool, None, list and dict with str keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message about a journal entry that a receiver could not be told."""

    reader: str
    """Whose it was: a receiver of notify/, by name."""
    number: int
    """The entry's."""
    message_id: str
    topic: str
    sentence: str
    problem: str
    """How the last try went."""
    tries: int
    at: datetime
    """When it was given up."""
