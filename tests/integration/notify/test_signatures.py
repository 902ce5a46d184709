"""Signed messages, verified as a receiver verifies them: by the library of Standard Webhooks."""

from __future__ import annotations

import base64
import json

from datetime import datetime, timedelta

import pytest

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from shadowmon.notify.news import news
from shadowmon.notify.receiver import Webhook
from shadowmon.notify.settings import WebhookReceiver
from shadowmon.outbound.client import HttpClient
from shadowmon.outbound.reach import Reach
from shadowmon.records import EntryKind
from tests.inboxes import Inbox
from tests.views import a_row


SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()


@pytest.fixture
async def inbox():
    """A receiver that takes everything."""
    async with Inbox().open() as inbox:
        yield inbox


@pytest.fixture
def secret_file(tmp_path):
    """The secret, as a file that Kubernetes mounts."""
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    return file


async def send(inbox, *, at=None, number=7, **settings):
    """Tell the inbox of one entry; return how it went."""
    receiver = WebhookReceiver.model_validate({"url": inbox.url, **settings})
    told = news(a_row(number, EntryKind.ALARM, sentence=f"alarm {number}").entry, number)
    assert told is not None
    async with HttpClient(reach=Reach()) as http:
        now = at or datetime.now().astimezone()
        return await Webhook("cd", receiver, http).tell(told, now)


@pytest.mark.parametrize("body", ["standard", "cloudevents"])
async def test_the_library_accepts_it(inbox, secret_file, body):
    """Its own library verifies the message as it came, in either form."""
    outcome = await send(inbox, secret_files=[secret_file], body=body)

    ((headers, content),) = inbox.taken
    assert outcome.problem == ""
    assert Verifier(SECRET).verify(content, headers)["type"] == "shadowmon.evidence.alarm_raised"


async def test_an_altered_message_is_refused(inbox, secret_file):
    """One byte of the body, the id or the time that is another, and it is refused."""
    await send(inbox, secret_files=[secret_file])
    ((headers, content),) = inbox.taken
    forged = [
        ({}, content.replace(b"entry", b"entrx", 1)),
        ({"webhook-id": "journal_8_00"}, content),
        ({"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, content),
        ({"webhook-signature": headers["webhook-signature"][:-4] + "AAA="}, content),
    ]

    for changed, sent in forged:
        with pytest.raises(WebhookVerificationError):
            Verifier(SECRET).verify(sent, headers | changed)


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_an_old_message_is_refused(inbox, secret_file, minutes):
    """A message of six minutes ago, or from the future, is refused: it may be a recording."""
    at = datetime.now().astimezone() + timedelta(minutes=minutes)
    await send(inbox, secret_files=[secret_file], at=at)
    ((headers, content),) = inbox.taken

    with pytest.raises(WebhookVerificationError, match="timestamp"):
        Verifier(SECRET).verify(content, headers)


async def test_a_replayed_message_is_recognised(inbox, secret_file):
    """Every try of a message has one id, and no other message has it: a second one is a replay."""
    now = datetime.now().astimezone()
    await send(inbox, secret_files=[secret_file], at=now)
    await send(inbox, secret_files=[secret_file], at=now + timedelta(seconds=2))
    await send(inbox, secret_files=[secret_file], number=8)

    seen, refused = set(), 0
    for headers, content in inbox.taken:
        Verifier(SECRET).verify(content, headers)
        refused += headers["webhook-id"] in seen
        seen.add(headers["webhook-id"])
    assert (len(seen), refused) == (2, 1)


async def test_another_secret_is_refused(inbox, secret_file):
    """Whoever does not know the secret cannot verify, nor forge."""
    await send(inbox, secret_files=[secret_file])
    ((headers, content),) = inbox.taken

    with pytest.raises(WebhookVerificationError):
        Verifier(OTHER).verify(content, headers)


async def test_two_secrets_while_one_is_exchanged(inbox, secret_file, tmp_path):
    """With two secrets a receiver that knows either of them verifies."""
    new = tmp_path / "new"
    new.write_text(OTHER)
    await send(inbox, secret_files=[secret_file, new])
    ((headers, content),) = inbox.taken

    assert Verifier(SECRET).verify(content, headers) == Verifier(OTHER).verify(content, headers)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("", "is empty"), ("whsec_???", "is not whsec_ and base64")],
)
async def test_a_secret_that_cannot_be_used(inbox, tmp_path, content, said):
    """Nothing is sent unsigned: the problem names the file, and shows nothing of it."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)

    outcome = await send(inbox, secret_files=[file])

    assert not inbox.came
    assert said in outcome.problem
    assert not outcome.for_ever
    assert "???" not in outcome.problem


async def test_a_token_is_read_from_its_file(inbox, tmp_path):
    """A bearer token stands in a file, and is sent as one."""
    file = tmp_path / "token"
    file.write_text("t0ken\n")

    await send(inbox, bearer_token_file=file)

    ((headers, content),) = inbox.taken
    assert headers["authorization"] == "Bearer t0ken"
    assert "webhook-signature" not in headers
    assert json.loads(content)["data"]["id"] == headers["webhook-id"]
