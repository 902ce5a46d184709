"""What the API shows of notifications."""

from __future__ import annotations

import pytest

from aiohttp.test_utils import TestClient, TestServer

from shadowmon.console.server import make_app
from shadowmon.console.settings import ConsoleSettings
from shadowmon.notify.notifier import DEAD_PATH, RECEIVERS_PATH, Notifier
from shadowmon.notify.settings import NotifySettings
from shadowmon.records import DeadLetter
from shadowmon.store.memory import MemoryStore
from tests.consoles import a_desk, metrics
from tests.factories import NOON
from tests.inboxes import QuickClock, uncounted
from tests.views import a_view


LETTER = DeadLetter(
    reader="slack.ops",
    number=7,
    message_id="journal_7_00",
    topic="rollout.rolled_back",
    sentence="rolled back",
    problem="404: no such channel",
    tries=3,
    at=NOON,
)


@pytest.fixture
async def store():
    """A store with one dead letter."""
    store = MemoryStore()
    await store.open()
    await store.move("slack.ops", 7, dead=LETTER)
    return store


@pytest.fixture
async def client(store):
    """A console that shows a notifier's receivers."""
    settings = NotifySettings.model_validate(
        {
            "slack": {"ops": {"url": "http://slack.example/s3cret"}},
            "webhooks": {"cd": {"url": "http://deploy.example/"}},
            "alertmanager": {"urls": ["http://am:9093/s3cret"]},
        }
    )
    notifier = Notifier(settings, store, QuickClock(), view=a_view, count=uncounted)
    app = make_app(a_desk(), ConsoleSettings(), metrics, more=notifier.routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_dead_letters(client):
    """A dead letter is shown with what it said, why it was given up, and when."""
    async with client.get(DEAD_PATH) as answer:
        shown = await answer.json()

    assert shown == {
        "dead": [
            {
                "receiver": "slack.ops",
                "entry": 7,
                "id": "journal_7_00",
                "topic": "rollout.rolled_back",
                "sentence": "rolled back",
                "problem": "404: no such channel",
                "tries": 3,
                "given_up_at": "2026-01-01T12:00:00Z",
            }
        ]
    }


async def test_receivers(client):
    """Receivers are shown by name with their last problem, and never with their address."""
    async with client.get(RECEIVERS_PATH) as answer:
        shown, text = await answer.json(), await answer.text()

    names = [each["receiver"] for each in shown["receivers"]]
    assert names == ["webhooks.cd", "slack.ops", "alertmanager.am:9093"]
    assert {each["problem"] for each in shown["receivers"]} == {""}
    assert "s3cret" not in text


async def test_a_store_that_is_down(client, store):
    """Without the store it is said that it cannot be told now."""
    await store.close()

    async with client.get(DEAD_PATH) as answer:
        assert answer.status == 503
        assert (await answer.json())["error"]["message"] == "the journal cannot be reached"
