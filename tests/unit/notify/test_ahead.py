"""What is told before the journal has it: at once, in order, and never for another's sake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shadowmon.notify.ahead import Ahead
from shadowmon.notify.news import News, news
from shadowmon.notify.receiver import Outcome
from shadowmon.notify.settings import Topic
from shadowmon.records import EntryKind
from tests.inboxes import QuickClock
from tests.views import a_row


DOWN = Outcome(problem="503: not now")
NEVER = Outcome(problem="400: not this one", for_ever=True)
OPERATION = a_row(7, EntryKind.OPERATION).entry


def drop(number=1):
    """Return the entry of a roll-back; each has a moment of its own."""
    data = {"move": "drop", "phase": "rolled_back", "weight": 0}
    entry = a_row(number, EntryKind.STAGE_ENTERED, data=data).entry
    return replace(entry, at=entry.at + timedelta(seconds=number))


class Listener:
    """A receiver that keeps what it was told; its answers are what the test says."""

    name = "webhooks.cd"

    def __init__(self, *answers, topics=tuple(Topic)):
        self.answers = list(answers)
        self.topics = topics
        self.heard: list[News] = []

    def wants(self, topic):
        """See `Receiver`."""
        return topic in self.topics

    async def tell(self, told, now):
        """See `Receiver`."""
        del now
        self.heard.append(told)
        return self.answers.pop(0) if self.answers else Outcome()


class Outage:
    """A store that is down, and one receiver."""

    def __init__(self, *entries, listener=None):
        self.entries = list(entries)
        self.listener = listener or Listener()
        self.clock = QuickClock()
        self.noted: list[tuple[str, int]] = []
        self.ahead = Ahead(
            self.listener,
            self.clock,
            unwritten=lambda: self.entries,
            note=lambda _, outcome, tries: self.noted.append((outcome.problem, tries)),
        )

    async def look(self, times=1, every=0.5):
        """Look so many times."""
        for _ in range(times):
            await self.ahead.look()
            await self.clock.sleep(every)

    @property
    def ids(self):
        """Ids that were told, in order."""
        return [told.message_id for told in self.listener.heard]


def id_of(entry):
    """Return the id that a message has once its entry is in the journal."""
    told = news(entry, 17)
    assert told is not None
    return told.message_id


async def test_it_is_told_once_under_the_journals_id():
    """However often it is looked at, it is told once, and passed over when the journal has it."""
    outage = Outage(drop())

    await outage.look(times=20)

    assert outage.ids == [id_of(drop())]
    assert outage.listener.heard[0].number is None
    assert outage.ahead.pass_over(id_of(drop()))
    assert not outage.ahead.pass_over(id_of(drop()))


async def test_in_order():
    """Of several the older is told first, and the younger is not told before it was taken."""
    outage = Outage(drop(1), drop(2), listener=Listener(DOWN))

    await outage.look()
    assert outage.ids == [id_of(drop(1))]
    await outage.look(times=10)

    assert outage.ids == [id_of(drop(1)), id_of(drop(1)), id_of(drop(2))]


async def test_a_receiver_that_is_down_is_tried_less_and_less_often():
    """In ten minutes a dozen times or two, not a thousand; each try has one id."""
    outage = Outage(drop(), listener=Listener(*[DOWN] * 5_000))

    await outage.look(times=1_200)

    assert 5 <= len(outage.ids) <= 24
    assert set(outage.ids) == {id_of(drop())}
    assert not outage.ahead.pass_over(id_of(drop()))
    assert [tries for _, tries in outage.noted] == list(range(1, len(outage.ids) + 1))


async def test_what_is_refused_for_ever_is_left_to_the_journal():
    """It is tried once, holds up nobody, and is not taken for told."""
    outage = Outage(drop(1), drop(2), listener=Listener(NEVER))

    await outage.look(times=5)

    assert outage.ids == [id_of(drop(1)), id_of(drop(2))]
    assert not outage.ahead.pass_over(id_of(drop(1)))
    assert outage.ahead.pass_over(id_of(drop(2)))


@pytest.mark.parametrize(
    ("entry", "topics"),
    [
        (OPERATION, tuple(Topic)),
        (a_row(7, EntryKind.EPOCH_OPENED).entry, tuple(Topic)),
        (drop(), (Topic.PROMOTED,)),
    ],
    ids=["can be taken back", "of no interest", "not wanted"],
)
async def test_what_is_not_told_ahead(entry, topics):
    """Only what stands whatever becomes of the store, wakes people, and is wanted."""
    outage = Outage(entry, listener=Listener(topics=topics))

    await outage.look(times=5)

    assert outage.ids == []


async def test_while_the_store_takes_everything_nothing_is_told():
    """The journal is enough."""
    outage = Outage()

    await outage.look(times=5)

    assert outage.ids == []
