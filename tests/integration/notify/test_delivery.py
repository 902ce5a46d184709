"""Messages on their way to real receivers: outages, restarts, dead letters."""

from __future__ import annotations

import asyncio
import json

from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from aiohttp import web

from shadowmon.notify.counting import Fate
from shadowmon.notify.notifier import Notifier
from shadowmon.notify.settings import NotifySettings
from shadowmon.records import Entry, EntryKind, TrialId
from shadowmon.store.memory import MemoryStore
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Save
from shadowmon.telemetry.families import BY_NAME
from shadowmon.telemetry.tallies import Tallies
from tests.factories import NOON
from tests.inboxes import Inbox, QuickClock, until
from tests.views import a_view


HOUR = 3_600.0
COUNTED = "notifications_total"


def entries(*sentences, kind=EntryKind.ALARM, at=NOON):
    """Return something to be told."""
    return [Entry(at=at, trial_id=TrialId("int8"), kind=kind, sentence=each) for each in sentences]


def sentences(inbox):
    """Return what was taken, in order."""
    return [json.loads(body)["data"]["sentence"] for _, body in inbox.taken]


@pytest.fixture
async def store(tmp_path):
    """A store on the disk."""
    store = SqlStore(StoreSettings(path=tmp_path / "shadowmon.db"))
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def inbox():
    """A receiver that takes everything."""
    async with Inbox().open() as inbox:
        yield inbox


@asynccontextmanager
async def notifying(store, inbox, clock, *, tallies=None, unwritten=None, **more):
    """Tell the inbox for as long as the block takes."""
    settings = NotifySettings.model_validate({"webhooks": {"cd": {"url": inbox.url}}} | more)
    tallies = tallies or Tallies()
    notifier = Notifier(
        settings,
        store,
        clock,
        view=a_view,
        count=partial(tallies.add, COUNTED),
        unwritten=unwritten,
    )
    running = asyncio.get_running_loop().create_task(notifier.run())
    try:
        await until_begun(store, notifier, running)
        yield notifier
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until_begun(store, notifier, running):
    """Wait until each receiver of messages has a place in the journal: what follows is told."""
    walking = [name for name in notifier.problems() if not name.startswith("alertmanager.")]
    async with asyncio.timeout(10):
        while not running.done():
            if None not in [await store.place(name) for name in walking]:
                return
            await asyncio.sleep(0.002)


async def test_what_happens_is_told(store, inbox):
    """Each entry that is worth telling is told once, in the journal's order."""
    async with notifying(store, inbox, QuickClock()):
        await store.commit(Save(entries=entries("one", "two")))
        await store.commit(Save(entries=entries("opened", kind=EntryKind.EPOCH_OPENED)))
        await store.commit(Save(entries=entries("three")))
        await until(lambda: len(inbox.taken) >= 3)

    assert sentences(inbox) == ["one", "two", "three"]


async def test_a_new_receiver_is_not_told_the_past(store, inbox):
    """Whoever is added to a journal of years is told what happens from now on."""
    await store.commit(Save(entries=entries("long ago")))

    async with notifying(store, inbox, QuickClock()):
        await store.commit(Save(entries=entries("now")))
        await until(lambda: inbox.taken)

    assert sentences(inbox) == ["now"]


async def test_an_outage_of_an_hour(store, inbox):
    """
    A receiver that is down for an hour is told everything afterwards.

    In order, each message under one id only; tried ever less often; and whoever commits a roll-back
    meanwhile waits for none of it.
    """
    clock = QuickClock()
    tallies = Tallies()
    inbox.answer = lambda: web.Response(status=200 if clock.seconds > HOUR else 503)
    names = [f"message {at}" for at in range(20)]

    async with notifying(store, inbox, clock, tallies=tallies):
        for name in names:
            before = asyncio.get_running_loop().time()
            await store.commit(Save(entries=entries(name)))
            assert asyncio.get_running_loop().time() - before < 1.0
        await until(lambda: len(inbox.taken) == len(names))

    ids: dict[str, set[str]] = {}
    for _, headers, body in inbox.came:
        sentence = json.loads(body)["data"]["sentence"]
        ids.setdefault(sentence, set()).add(headers["webhook-id"])
    assert sentences(inbox) == names
    assert all(len(each) == 1 for each in ids.values())
    assert len(set.union(*ids.values())) == len(names)
    assert len(inbox.came) - len(names) <= 30
    assert tallies.total(COUNTED, "webhooks.cd", "retried") > 0
    assert tallies.total(COUNTED, "webhooks.cd", "delivered") == len(names)


async def test_a_restart_in_between(store, inbox):
    """Killed before it was remembered that a message was taken, it is told again: the same id."""
    async with notifying(store, inbox, QuickClock()):
        pass
    move, moved = store.move, asyncio.Event()

    async def never(*args, **more):
        if args[1] > 0:
            moved.set()
            await asyncio.Event().wait()
        await move(*args, **more)

    store.move = never
    async with notifying(store, inbox, QuickClock()):
        await store.commit(Save(entries=entries("one")))
        await asyncio.wait_for(moved.wait(), 10)
    store.move = move
    async with notifying(store, inbox, QuickClock()):
        await until(lambda: len(inbox.taken) >= 2)

    first, second = (headers["webhook-id"] for headers, _ in inbox.taken)
    assert first == second
    assert inbox.taken[0][1] == inbox.taken[1][1]


@pytest.mark.parametrize("status", [400, 410, 422])
async def test_a_message_that_is_refused_for_ever(store, inbox, status):
    """It becomes a dead letter at once, is kept over a restart, and those behind it are told."""
    inbox.answer = lambda: web.Response(status=status if len(inbox.came) == 1 else 200, text="no")

    async with notifying(store, inbox, QuickClock()):
        await store.commit(Save(entries=entries("bad", "good")))
        await until(lambda: inbox.taken)

    (letter,) = await store.dead_letters()
    assert sentences(inbox) == ["good"]
    assert (letter.reader, letter.sentence, letter.tries) == ("webhooks.cd", "bad", 1)
    assert letter.problem == f"{status}: no"


async def test_dead_letters_are_the_newest(store, inbox):
    """Of what a receiver refused for ever no more than `dead_max` are kept."""
    inbox.answer = lambda: web.Response(status=400 if len(inbox.came) <= 3 else 200)

    async with notifying(store, inbox, QuickClock(), dead_max=2):
        await store.commit(Save(entries=entries("one", "two", "three", "good")))
        await until(lambda: inbox.taken)

    assert [letter.sentence for letter in await store.dead_letters()] == ["three", "two"]


async def test_a_message_that_is_too_old(store, inbox):
    """What could not be told for too long is given up, and what is younger is still tried."""
    clock = QuickClock()
    inbox.answer = lambda: web.Response(status=401 if clock.seconds < 2 * HOUR else 200)
    later = NOON + timedelta(hours=1.9)

    async with notifying(store, inbox, clock, give_up_seconds=HOUR):
        old = entries("old")
        young = entries("young", at=later)
        await store.commit(Save(entries=[*old, *young]))
        await until(lambda: inbox.taken)

    assert sentences(inbox) == ["young"]
    assert [letter.sentence for letter in await store.dead_letters()] == ["old"]


async def test_only_what_it_wants(store, inbox):
    """A receiver with topics is told of those, and of nothing else."""
    wanted = {"cd": {"url": inbox.url, "topics": ["rollout.weight_drifted"]}}

    async with notifying(store, inbox, QuickClock(), webhooks=wanted):
        await store.commit(Save(entries=entries("an alarm")))
        await store.commit(Save(entries=entries("a hand", kind=EntryKind.WEIGHT_DRIFTED)))
        await until(lambda: inbox.taken)

    assert sentences(inbox) == ["a hand"]


async def test_one_that_hangs_delays_no_other(store, inbox):
    """Each receiver has its own place: one that is down keeps nobody waiting."""
    async with Inbox(lambda: web.Response(status=503)).open() as down:
        both = {"cd": {"url": inbox.url}, "down": {"url": down.url}}
        async with notifying(store, inbox, QuickClock(), webhooks=both):
            await store.commit(Save(entries=entries("one", "two")))
            await until(lambda: len(inbox.taken) == 2 and len(down.came) > 2)

    assert not down.taken


async def test_a_redirect_is_not_followed(store, inbox):
    """What is told goes to the address that was named, and nowhere else."""
    async with Inbox().open() as elsewhere:
        moved = {"location": f"{elsewhere.url}/stolen"}
        inbox.answer = lambda: web.Response(status=307, headers=moved)
        async with notifying(store, inbox, QuickClock()):
            await store.commit(Save(entries=entries("one")))
            await until(lambda: len(inbox.came) >= 3)

    assert not elsewhere.came


async def test_an_address_that_is_not_permitted(store, inbox):
    """Where only public addresses may be told nothing on loopback is, by number or by name."""
    port = inbox.url.rpartition(":")[2]
    both = {
        "number": {"url": inbox.url},
        "name": {"url": f"http://localhost:{port}"},
        "short": {"url": f"http://127.1:{port}"},
    }
    tallies = Tallies()

    async with notifying(
        store, inbox, QuickClock(), tallies=tallies, webhooks=both, public_only=True
    ):
        await store.commit(Save(entries=entries("one")))
        await until(
            lambda: all(tallies.total(COUNTED, f"webhooks.{name}", "retried") for name in both)
        )

    assert not inbox.came
    for name in both:
        assert tallies.total(COUNTED, f"webhooks.{name}", "delivered") == 0


async def test_all_receivers_counters_exist_before_anything_is_told(store, inbox):
    """So that the first message that is given up is a rise, which Prometheus can see."""
    tallies = Tallies()
    everyone = {
        "slack": {"ops": {"url": inbox.url}},
        "alertmanager": {"urls": [inbox.url, inbox.url]},
    }

    async with notifying(store, inbox, QuickClock(), tallies=tallies, **everyone):
        told = {each.labels: each.value for each in tallies.snapshot() if each.name == COUNTED}

    place = inbox.url.removeprefix("http://")
    managers = (f"alertmanager.{place}", f"alertmanager.{place}#2")
    receivers = ("webhooks.cd", "slack.ops", *managers)
    assert told == {(name, fate.value): 0 for name in receivers for fate in Fate}
    assert {fate.value for fate in Fate} == set(BY_NAME[COUNTED].closed["outcome"])


async def test_a_store_that_is_down_for_a_while(inbox):
    """While the store cannot be read nothing is told; once it can, everything is."""
    store = MemoryStore()
    await store.open()

    async with notifying(store, inbox, QuickClock()):
        await store.commit(Save(entries=entries("one")))
        await store.close()
        await asyncio.sleep(0.05)
        await store.open()
        await store.commit(Save(entries=entries("two")))
        await until(lambda: len(inbox.taken) >= 2)

    assert sentences(inbox) == ["one", "two"]


async def test_slack_by_a_secret_address(store, inbox, tmp_path):
    """A channel's address is read from its file, and exchanged without a restart."""
    file = tmp_path / "slack"
    file.write_text("no address at all\n")
    channel = {"ops": {"url_file": str(file)}}

    async with notifying(store, inbox, QuickClock(), webhooks={}, slack=channel) as notifier:
        await store.commit(Save(entries=entries("rolled back")))
        await until(lambda: bool(notifier.problems()["slack.ops"]))
        file.write_text(f"{inbox.url}/services/T0/B0/s3cret\n")
        await until(lambda: bool(inbox.taken))
        await until(lambda: not notifier.problems()["slack.ops"])

    assert "rolled back" in json.loads(inbox.taken[0][1])["text"]


async def test_a_roll_back_while_the_store_is_down(store, inbox):
    """It is told at once, and not again when the journal has it; what follows is told after it."""
    drop = a_drop()
    stands: list[Entry] = []

    async with notifying(store, inbox, QuickClock(), unwritten=lambda: stands):
        stands.append(drop)
        await until(lambda: len(inbox.taken) == 1)
        stands.clear()
        await store.commit(Save(entries=[drop, *entries("after")]))
        await until(lambda: len(inbox.taken) == 2)

    first, second = (json.loads(body) for _, body in inbox.taken)
    assert (first["type"], first["data"]["entry"]) == ("shadowmon.rollout.rolled_back", None)
    assert (second["data"]["sentence"], second["data"]["entry"]) == ("after", 2)


async def test_a_restart_between_a_roll_back_and_its_entry(store, inbox):
    """Whoever forgot that it was told tells it again, under the same id."""
    drop = a_drop()
    async with notifying(store, inbox, QuickClock(), unwritten=lambda: [drop]):
        await until(lambda: len(inbox.taken) == 1)
    await store.commit(Save(entries=[drop]))

    async with notifying(store, inbox, QuickClock()):
        await until(lambda: len(inbox.taken) == 2)

    assert len({headers["webhook-id"] for headers, _ in inbox.taken}) == 1
    assert json.loads(inbox.taken[1][1])["data"]["entry"] == 1


async def test_receiver_and_store_are_down_at_once(store, inbox):
    """Both come back after an hour, the receiver first or the store: one id, and taken once."""
    drop, clock = a_drop(), QuickClock()
    stands = [drop]
    inbox.answer = lambda: web.Response(status=200 if clock.seconds > HOUR else 503)

    async with notifying(store, inbox, clock, unwritten=lambda: stands):
        await until(lambda: clock.seconds > HOUR / 2)
        stands.clear()
        await store.commit(Save(entries=[drop]))
        await until(lambda: len(inbox.taken) == 1)
        await store.commit(Save(entries=entries("after")))
        await until(lambda: len(inbox.taken) == 2)

    dropped = {headers["webhook-id"] for _, headers, body in inbox.came if b"rolled_back" in body}
    assert len(dropped) == 1
    assert sentences(inbox) == [drop.sentence, "after"]


def a_drop():
    """Return the entry of a roll-back."""
    data = {"move": "drop", "phase": "rolled_back", "weight": 0}
    (entry,) = entries("rolled back", kind=EntryKind.STAGE_ENTERED)
    return replace(entry, data=data)
