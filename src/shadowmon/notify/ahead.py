"""
Tells one receiver at once what the journal cannot take: a roll-back waits for no database.

While the store is down weight can still be taken away, and that is journalled later. Whoever must
hear of it hears of it now, under the id that the message has in the journal too, so that whoever
is told again knows it again.

Rule 1: only what stands whatever becomes of the store, and what people are woken for (`URGENT`).
Rule 2: nothing is remembered here but which of these were taken: the courier passes over them when
        it comes to them. After a restart in between they are told twice, under one id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shadowmon.clock import Clock
from shadowmon.notify.backoff import delay
from shadowmon.notify.news import News, news
from shadowmon.notify.receiver import Outcome, Receiver
from shadowmon.notify.settings import Topic
from shadowmon.records import Entry


URGENT = frozenset(
    (
        Topic.ROLLED_BACK,
        Topic.STEPPED_DOWN,
        Topic.ALARM_RAISED,
        Topic.WEIGHT_REJECTED,
        Topic.WEIGHT_DRIFTED,
    )
)
LOOK_SECONDS = 0.5
_KEPT_MAX = 1_000
"""Ids that are remembered; an outage has a few."""


class Ahead:
    """What one receiver is told before the journal has it."""

    def __init__(
        self,
        receiver: Receiver,
        clock: Clock,
        *,
        unwritten: Callable[[], Sequence[Entry]],
        note: Callable[[News, Outcome, int], None],
    ) -> None:
        """
        Args:
            receiver: Whom it tells.
            clock: The time.
            unwritten: Gives what stands though the store did not take it; nothing while it does.
            note: Is told how each try went: the message, the outcome, which try it was.

        """
        self._receiver = receiver
        self._clock = clock
        self._unwritten = unwritten
        self._note = note
        self._tried: dict[str, bool] = {}
        """A message's id -> was it taken? What is refused for ever was not, and not again."""
        self._tries = 0
        self._due = float("-inf")

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Tell what is to be told now, in order, until one is not taken."""
        if self._clock.monotonic() < self._due:
            return
        for told in self._waiting():
            outcome = await self._receiver.tell(told, self._clock.now())
            self._tries += 1
            self._note(told, outcome, self._tries)
            if outcome.problem and not outcome.for_ever:
                asked = outcome.retry_after_seconds
                wait = delay(self._tries, seed=told.message_id, asked=asked)
                self._due = self._clock.monotonic() + wait
                return
            self._tries = 0
            self._tried[told.message_id] = not outcome.problem
            if len(self._tried) > _KEPT_MAX:
                del self._tried[next(iter(self._tried))]

    def pass_over(self, message_id: str) -> bool:
        """Say whether a message of the journal's was taken already, and forget it."""
        return self._tried.pop(message_id, False)

    def _waiting(self) -> Iterator[News]:
        for entry in self._unwritten():
            told = news(entry)
            if told is None or told.topic not in URGENT or told.message_id in self._tried:
                continue
            if self._receiver.wants(told.topic):
                yield told
