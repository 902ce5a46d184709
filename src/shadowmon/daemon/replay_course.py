"""What the daemon would have done on the way: a look after every so many pairs of a recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shadowmon.evidence.ledger import Ledger
from shadowmon.records import Command, EntryKind, Record, SetWeight, Ticked, WeightApplied
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The first pair's moment, where the recording has none; each further one is a second later."""

_TOLD = (EntryKind.VERDICT, EntryKind.STAGE_ENTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the daemon would have journalled on the way."""

    pairs: int
    """So many had been counted."""
    at: datetime
    kind: EntryKind
    sentence: str


class Course:
    """What the daemon would have done: a trial that is looked at on the way."""

    def __init__(self, plan: TrialPlan, *, every: int) -> None:
        self.trial, _ = Trial.open(plan, now=BEGINNING)
        self._every = every
        self._begun = False

    def counted(self, ledger: Ledger, pairs: int, *, now: datetime) -> Iterable[Look]:
        """Look, if it is time to, and return what would have been journalled."""
        if not self._begun:  # it began with the first pair, whenever that was
            self._begun = True
            self.trial, _ = Trial.open(self.trial.plan, now=now)
        if pairs % self._every:
            return
        for command in self._handle(ledger, now):
            if isinstance(command, Record) and command.entry.kind in _TOLD:
                yield Look(
                    pairs=pairs,
                    at=now,
                    kind=command.entry.kind,
                    sentence=command.entry.sentence,
                )

    def _handle(self, ledger: Ledger, now: datetime) -> Iterable[Command]:
        commands = self.trial.handle(Ticked(now=now, totals=ledger.totals()))
        yield from commands
        for command in commands:
            if isinstance(command, SetWeight):  # done at once, and it never fails
                yield from self.trial.handle(WeightApplied(weight=command.weight, now=now))
