"""
Everything frozen: one word of a person that stops every climb, of every trial.

Rule 1: a freeze is nothing but its newest journal entry, so that it outlives whatever restarts, and
        holds for trials that nobody had thought of when it was asked for.
Rule 2: it stops climbs, and nothing that takes weight away.
Rule 3: it changes no trial's own state: what was paused before is paused after.
"""

from __future__ import annotations

import enum

from dataclasses import dataclass
from datetime import datetime

from shadowmon.records import Entry, EntryKind, TrialId


EVERY_TRIAL = TrialId("*")
"""Whose journal entries these are; no trial can be called so."""


class Hold(enum.StrEnum):
    """What a person may ask for."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """That everything is frozen: since when, by whom, and why."""

    since: datetime
    operator: str
    reason: str

    @property
    def sentence(self) -> str:
        """Say it, as the obstacle to a climb that it is."""
        return f"everything is frozen by {self.operator}: {self.reason}"


def entry_of(hold: Hold, *, operator: str, reason: str, now: datetime) -> Entry:
    """Return what is journalled, with who and why."""
    return Entry(
        at=now,
        trial_id=EVERY_TRIAL,
        kind=EntryKind.OPERATION,
        sentence=f"{operator} asked to {hold} everything: {reason}",
        data={"operation": hold.value, "operator": operator, "reason": reason},
    )


def freeze_of(newest: Entry | None) -> Freeze | None:
    """Return the freeze that the newest entry of `EVERY_TRIAL` tells of; None if it ended one."""
    if newest is None or newest.data.get("operation") != Hold.FREEZE:
        return None
    return Freeze(since=newest.at, operator=newest.data["operator"], reason=newest.data["reason"])
