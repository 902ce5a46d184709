"""
What the next commit must remember: all of it in one transaction, or nothing.

Rule 1: what was learnt stays here until it is committed, however long the store is down; of pairs
        that wait no more than unsaved.py says.
Rule 2: a decision that cannot be committed is undone, but for what takes weight away: down needs
        nobody. That one stands, and is journalled when the store is back. A pause stands if it can
        be kept elsewhere.
Rule 3: a decision of which nobody knows whether it was committed stands, and is the first that the
        next commit is given (store.py); but it is not done before that one is.
Rule 4: more may come in while the store is writing; it is for the next commit.
Rule 5: an order that stands without the journal is kept in a file of its own (store/orders.py) for
        as long, so that it outlives us.
"""

from __future__ import annotations

import contextlib

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import structlog

from shadowmon.daemon.books import Books
from shadowmon.daemon.labels import LabelDesk
from shadowmon.daemon.orders import StandingOrders, order_of
from shadowmon.daemon.unsaved import Due, Unsaved
from shadowmon.errors import StoreError
from shadowmon.records import (
    Command,
    Entry,
    EntryKind,
    Grade,
    Phase,
    Preference,
    Record,
    TrialId,
)
from shadowmon.store.chain import cleaned
from shadowmon.store.store import Save, Store, UncertainError
from shadowmon.telemetry.tallies import Tallies
from shadowmon.trial.memory import Memory
from shadowmon.trial.trial import Trial


log = structlog.get_logger()

Decided: TypeAlias = tuple[Trial, Sequence[Command]]
"""A trial, and what it wants to be done."""


class Remembering:
    """The way into the store; whoever holds the control loop's lock uses it."""

    def __init__(
        self,
        store: Store,
        *,
        trials: Mapping[TrialId, Trial],
        books: Books,
        labels: LabelDesk,
        tallies: Tallies,
        orders: StandingOrders,
    ) -> None:
        self.problem = ""
        """Why the last commit failed; empty if it did not."""
        self.is_uncertain = False
        """Is nobody sure that it failed?"""
        self._store = store
        self._trials = trials
        self._books = books
        self._tallies = tallies
        self._orders = orders
        self._entries: list[Entry] = []
        self.unsaved = Unsaved(labels)
        """Of pairs that wait for a label."""
        self._preferences: list[Preference] = []

    # --- what is learnt ---

    def learn(self, commands: Iterable[Command]) -> None:
        """Remember what is to be journalled of these, whatever becomes of them."""
        self._entries += records(commands)

    def write(self, entry: Entry) -> None:
        """Remember an entry that is no trial's."""
        self._entries.append(entry)

    def take_back(self, entry: Entry) -> bool:
        """Forget an entry if it is not committed yet; False if it is."""
        if entry not in self._entries:
            return False
        self._entries.remove(entry)
        return True

    @property
    def not_done(self) -> str:
        """Say why what was asked for is not done; a StoreError's words."""
        nowhere = f"; nor kept elsewhere: {self._orders.problem}" if self._orders.problem else ""
        if self.is_uncertain:
            return f"not done yet, and perhaps never: it may be journalled: {self.problem}{nowhere}"
        return f"not done, for it could not be journalled: {self.problem}{nowhere}"

    @property
    def unwritten(self) -> Sequence[Entry]:
        """What stands though the store did not take it, as it will be written."""
        found = []
        for entry in self._entries if self.problem else ():
            with contextlib.suppress(StoreError):  # it can never be written, and it is known
                found.append(cleaned(entry))
        return found

    # --- the commit ---

    async def commit(
        self, decided: Sequence[Decided] = (), *, before: Mapping[TrialId, Memory] | None = None
    ) -> set[TrialId]:
        """
        Remember all that was decided and learnt; undo decisions if that fails (rule 2).

        Args:
            decided: What is decided now.
            before: What each trial remembered before; one that is not named is never undone.

        Returns:
            The trials whose decisions must not be done: they were undone, or nobody knows.

        """
        entries = [*self._entries, *(each for _, told in decided for each in records(told))]
        learnt, due = len(self._entries), self.unsaved.due()
        save = self._save(entries, due)
        try:
            await self._store.commit(save)
        except UncertainError as error:
            self._fail(error)
            return await self._leave_open(decided, before or {})
        except StoreError as error:
            self._fail(error)
            return await self._undo(decided, before or {})
        self._hear_problem("")
        self.is_uncertain = False
        self._tally(entries)
        self._books.saved(save.accounts)
        del self._entries[:learnt]
        self.unsaved.saved(due)
        del self._preferences[: len(save.preferences)]
        await self._orders.let_go()
        if not due.is_all:
            await self.commit()
        return set()

    async def commit_rest(self) -> None:
        """Remember what was learnt while doing, if anything was: it waits for no decision."""
        if self._entries:
            await self.commit()

    async def prefer(self, preference: Preference) -> None:
        """
        Remember what a reviewer said.

        Raises:
            StoreError: If it cannot be remembered; it was not said then.

        """
        self._preferences.append(preference)
        await self.commit()
        if self._preferences:
            self._preferences.clear()
            problem = f"not taken, for it could not be remembered: {self.problem}"
            raise StoreError(problem)

    def _save(self, entries: Sequence[Entry], due: Due) -> Save:
        return Save(
            entries=entries,
            snapshots={name: trial.snapshot() for name, trial in self._trials.items()},
            accounts=self._books.changed(),
            awaiting=due.awaiting,
            settled=due.settled,
            labels=due.labels,
            preferences=tuple(self._preferences),
        )

    def _fail(self, error: StoreError) -> None:
        self._hear_problem(str(error))
        self.is_uncertain = isinstance(error, UncertainError)
        self.unsaved.not_saved()

    def _hear_problem(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("store.unavailable", problem=problem)
        if self.problem and not problem:
            log.info("store.recovered")
        self.problem = problem

    async def _undo(
        self, decided: Iterable[Decided], before: Mapping[TrialId, Memory]
    ) -> set[TrialId]:
        undone = set()
        for trial, commands in decided:
            was = before.get(trial.plan.trial_id)
            if was is None or await self._stands(trial, was, records(commands)):
                self.learn(commands)
            else:
                trial.memory = was
                undone.add(trial.plan.trial_id)
        await self._orders.keep_standing()
        return undone

    async def _leave_open(
        self, decided: Iterable[Decided], before: Mapping[TrialId, Memory]
    ) -> set[TrialId]:
        waiting = set()
        for trial, commands in decided:
            was = before.get(trial.plan.trial_id)
            if was is not None and not await self._stands(trial, was, records(commands)):
                waiting.add(trial.plan.trial_id)
            self.learn(commands)
        await self._orders.keep_standing()
        return waiting

    async def _stands(self, trial: Trial, was: Memory, entries: Sequence[Entry]) -> bool:
        order = order_of(trial, was, entries)
        if _takes_away(trial.memory, was):
            self._orders.stand(order)
            return True
        return order is not None and await self._orders.keep(order)

    def _tally(self, entries: Sequence[Entry]) -> None:
        self._tallies.add("journal_entries_total", by=len(entries))
        for entry in entries:
            if entry.kind is EntryKind.VERDICT:
                self._tallies.add("verdicts_total", entry.trial_id, entry.data["decision"])
                if entry.data["grade"] == Grade.RED_LINE:
                    rule = entry.data["reasons"][0]["rule"]
                    self._tallies.add("red_line_breaches_total", entry.trial_id, rule)


def records(commands: Iterable[Command]) -> list[Entry]:
    """Return what is to be journalled."""
    return [command.entry for command in commands if isinstance(command, Record)]


def _takes_away(memory: Memory, was: Memory) -> bool:
    state = memory.state
    return state.desired_weight < was.state.desired_weight or state.phase is Phase.ROLLED_BACK
