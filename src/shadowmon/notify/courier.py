"""
Walks the journal for one receiver, and tells it entry by entry.

Rule 1: in the journal's order, one at a time: a later message never overtakes an earlier one, but
        for what was told while the store could not take it (ahead.py).
Rule 2: the place moves once a message was taken, or was given up and buried. Whoever kills us in
        between has the message told again, under the same id.
Rule 3: a receiver that is down is asked less and less often, and costs nothing else: its queue is
        the journal, of which a hundred entries at a time are in memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from shadowmon.clock import Clock
from shadowmon.errors import StoreError
from shadowmon.notify.ahead import Ahead
from shadowmon.notify.backoff import delay
from shadowmon.notify.counting import Count, Fate, begin
from shadowmon.notify.news import News, Written, news
from shadowmon.notify.outbox import Outbox
from shadowmon.notify.receiver import Outcome, Receiver
from shadowmon.records import DeadLetter, Entry


log = structlog.get_logger()

BATCH = 100
LOOK_SECONDS = 1.0
"""Between two looks for new entries, and between two tries of a store that is down."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message is tried, and how many dead ones are kept."""

    give_up_seconds: float
    dead_max: int


class Courier:
    """One receiver's."""

    def __init__(
        self,
        receiver: Receiver,
        outbox: Outbox,
        clock: Clock,
        *,
        patience: Patience,
        count: Count,
        unwritten: Callable[[], Sequence[Entry]],
    ) -> None:
        """
        Args:
            receiver: Whom it tells.
            outbox: What it walks.
            clock: The time.
            patience: When it gives up.
            count: Counts what becomes of each try.
            unwritten: See `Ahead`.

        """
        self.ahead = Ahead(receiver, clock, unwritten=unwritten, note=self._note_ahead)
        self.receiver = receiver
        self.problem = ""
        """How the last try went; empty if it was taken, or there was none."""
        self._outbox = outbox
        self._clock = clock
        self._patience = patience
        self._count = count
        begin(count, receiver.name)
        self._store_problem = ""

    async def run(self) -> None:
        """Tell, for ever."""
        place = await self._remembered(self._begin)
        while True:
            following = partial(self._outbox.following, place, limit=BATCH)
            found = await self._remembered(following)
            for each in found:
                await self._pass_on(each)
                place = each.number
            if not found:
                await self._clock.sleep(LOOK_SECONDS)

    async def _begin(self) -> int:
        """Go on from the place; a new receiver is told nothing of what was before it."""
        name = self.receiver.name
        place = await self._outbox.place(name)
        if place is None:
            place = await self._outbox.newest()
            await self._outbox.move(name, place)
        return place

    async def _pass_on(self, written: Written) -> None:
        told = news(written.entry, written.number)
        if told is None or not self.receiver.wants(told.topic):
            return  # the place moves with the next message: to look at this one again is cheap
        was_taken = self.ahead.pass_over(told.message_id)
        dead = None if was_taken else await self._tell(told, written.number)
        await self._remembered(
            lambda: self._outbox.move(
                self.receiver.name, written.number, dead=dead, dead_max=self._patience.dead_max
            )
        )

    async def _tell(self, told: News, number: int) -> DeadLetter | None:
        """Try until it is taken; return it, dead, if it never will be."""
        tries = 0
        while True:
            tries += 1
            outcome = await self.receiver.tell(told, self._clock.now())
            self._note(told, outcome, tries)
            if not outcome.problem:
                return None
            age = (self._clock.now() - told.at).total_seconds()
            if outcome.for_ever or age > self._patience.give_up_seconds:
                return self._buried(told, number, outcome, tries)
            self._count(self.receiver.name, Fate.RETRIED)
            asked = outcome.retry_after_seconds
            await self._clock.sleep(delay(tries, seed=told.message_id, asked=asked))

    def _note(self, told: News, outcome: Outcome, tries: int) -> None:
        name = self.receiver.name
        if not outcome.problem:
            self._count(name, Fate.DELIVERED)
            log.info("notify.message_delivered", receiver=name, id=told.message_id, tries=tries)
        elif outcome.problem != self.problem:
            log.warning("notify.message_failed", receiver=name, problem=outcome.problem)
        self.problem = outcome.problem

    def _note_ahead(self, told: News, outcome: Outcome, tries: int) -> None:
        self._note(told, outcome, tries)
        if outcome.problem:
            self._count(self.receiver.name, Fate.RETRIED)

    def _buried(self, told: News, number: int, outcome: Outcome, tries: int) -> DeadLetter:
        name = self.receiver.name
        self._count(name, Fate.DEAD)
        log.error("notify.message_given_up", receiver=name, id=told.message_id, tries=tries)
        return DeadLetter(
            reader=name,
            number=number,
            message_id=told.message_id,
            topic=told.topic,
            sentence=told.sentence,
            problem=outcome.problem,
            tries=tries,
            at=self._clock.now(),
        )

    async def _remembered(self, asked: Callable[[], Awaitable[_T]]) -> _T:
        """Ask the store until it answers."""
        while True:
            try:
                answered = await asked()
            except StoreError as error:
                if str(error) != self._store_problem:
                    log.warning("notify.store_unavailable", problem=str(error))
                self._store_problem = str(error)
                await self._clock.sleep(LOOK_SECONDS)
            else:
                self._store_problem = ""
                return answered
