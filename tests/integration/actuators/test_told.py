"""Actuators that tell somebody else: a webhook to a real server, and a program that is run."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import time

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiohttp import web
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.dry_run import DryRun
from shadowmon.actuators.exec import Exec, ExecSettings
from shadowmon.actuators.openfeature import OpenFeatureFlag, OpenFeatureSettings
from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.actuators.webhook import Webhook, WebhookSettings
from shadowmon.errors import ActuatorError
from shadowmon.ipc.board import Board
from shadowmon.records import Weight
from shadowmon.testing.actuators import ActuatorContract
from tests.places import a_place
from tests.weight_receivers import taking_weights


SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLDER = "whsec_" + base64.b64encode(b"o" * 32).decode()


@dataclass
class Receiver:
    """Takes weights in, as somebody's own controller would."""

    weight: int = 0
    status: int = 202
    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Take one in."""
        body = await request.read()
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, body))
        if self.status == 307:
            raise web.HTTPTemporaryRedirect("/elsewhere")  # noqa: EM101 - an address
        if self.status < 300:
            self.weight = json.loads(body)["data"]["weight"]
        return web.Response(status=self.status, text="as you say")

    async def tell(self, request: web.Request) -> web.Response:
        """Tell the weight."""
        del request
        return web.json_response({"weight": self.weight})


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """Serve one on loopback."""
    receiver = Receiver()
    async with taking_weights(receiver):
        yield receiver


@asynccontextmanager
async def a_webhook(**options: Any) -> AsyncIterator[tuple[Webhook, Receiver]]:
    """Yield a webhook, and who receives it."""
    async with a_receiver() as receiver:
        settings = WebhookSettings.model_validate({"url": receiver.url, **options})
        async with Webhook.of(settings, a_place()) as webhook:
            yield webhook, receiver


class TestWebhook(ActuatorContract):
    """It keeps what every actuator promises."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        del folder
        async with a_receiver() as self.receiver:
            settings = WebhookSettings(url=self.receiver.url, read_url=self.receiver.url)
            async with Webhook.of(settings, a_place()) as webhook:
                yield webhook

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """See `ActuatorContract.meddle`."""
        del actuator
        self.receiver.weight = 4000
        return Weight(4000)

    async def break_down(self, actuator: Actuator) -> bool:
        """See `ActuatorContract.break_down`."""
        del actuator
        self.receiver.status = 503
        return True


class TestDryRun(ActuatorContract):
    """It keeps what every actuator promises."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        del folder
        async with DryRun() as actuator:
            yield actuator


class TestProxy(ActuatorContract):
    """It keeps what every actuator promises."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        del folder
        async with ProxyWeights(Board.create(), 0) as actuator:
            yield actuator


class TestOpenFeature(ActuatorContract):
    """It keeps what every actuator promises."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        del folder
        async with OpenFeatureFlag.of(OpenFeatureSettings(), a_place()) as actuator:
            yield actuator


# --- signatures -------------------------------------------------------------


@pytest.fixture(name="secrets")
def _secrets(tmp_path: Path) -> tuple[Path, ...]:
    paths = (tmp_path / "new", tmp_path / "old")
    for path, secret in zip(paths, (SECRET, OLDER), strict=True):
        path.write_text(secret + "\n")
    return paths


@pytest.mark.parametrize("body", ["standard", "cloudevents"])
async def test_a_message_is_signed_as_its_receiver_expects(body, secrets):
    """The library of Standard Webhooks verifies it, with either secret while one is exchanged."""
    async with a_webhook(secret_files=secrets, body=body) as (webhook, receiver):
        await webhook.set_weight(Weight(1000))

    headers, sent = receiver.got[0]
    for secret in (SECRET, OLDER):
        assert Verifier(secret).verify(sent, headers)["data"]["weight"] == 1000


async def test_an_altered_an_old_or_a_strangers_message_is_refused(secrets):
    """Each by the receiver's own library."""
    async with a_webhook(secret_files=secrets[:1]) as (webhook, receiver):
        await webhook.set_weight(Weight(1000))
    headers, sent = receiver.got[0]
    old = str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))
    stranger = base64.b64encode(b"s" * 32).decode()

    for secret, given, body in (
        (SECRET, headers, sent.replace(b"1000", b"9000")),
        (SECRET, headers | {"webhook-timestamp": old}, sent),
        (SECRET, headers | {"webhook-id": "another"}, sent),
        (stranger, headers, sent),
    ):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, given)


async def test_what_was_not_accepted_is_told_again_with_the_same_id(secrets):
    """So that a receiver that took it all the same can see it; another weight has another id."""
    async with a_webhook(secret_files=secrets) as (webhook, receiver):
        receiver.status = 500
        with pytest.raises(ActuatorError, match="did not accept the weight: 500: as you say"):
            await webhook.set_weight(Weight(1000))
        assert await webhook.read_weight() is None

        receiver.status = 202
        await webhook.set_weight(Weight(1000))
        await webhook.set_weight(Weight(0))

    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1] != ids[2]


async def test_a_secret_that_is_none_is_said_without_being_shown(tmp_path):
    """Nothing is sent then."""
    (tmp_path / "secret").write_text("hunter2")
    async with a_webhook(secret_files=[tmp_path / "secret"]) as (webhook, receiver):
        with pytest.raises(ActuatorError, match=r"the secret in .*secret") as caught:
            await webhook.set_weight(Weight(1000))
    assert "hunter2" not in str(caught.value)
    assert receiver.got == []


async def test_a_cloud_event_is_whole():
    """In structured mode, with every attribute that CloudEvents 1.0 requires."""
    async with a_webhook(body="cloudevents") as (webhook, receiver):
        await webhook.set_weight(Weight(1000))

    headers, sent = receiver.got[0]
    event = json.loads(sent)
    assert headers["content-type"] == "application/cloudevents+json"
    assert {"specversion", "id", "source", "type"} <= event.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", event["time"])
    assert event["data"] == {
        "trial": "int8",
        "route": "chat",
        "baseline": "fp16",
        "optimized": "int8",
        "weight": 1000,
        "percent": 10.0,
    }


async def test_no_redirect_is_followed():
    """It would take the weight, and a token, to who knows where."""
    async with a_webhook() as (webhook, receiver):
        receiver.status = 307
        with pytest.raises(ActuatorError, match="did not accept the weight: 307"):
            await webhook.set_weight(Weight(1000))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_private_addresses_can_be_refused(host):
    """Written as numbers, or hidden behind a name."""
    async with a_webhook() as (_, receiver):
        url = receiver.url.replace("127.0.0.1", host)
        settings = WebhookSettings(url=url, public_only=True)
        async with Webhook.of(settings, a_place()) as webhook:
            with pytest.raises(ActuatorError, match="leads where nothing may be told"):
                await webhook.set_weight(Weight(1000))
    assert receiver.got == []


# --- programs ---------------------------------------------------------------

PROGRAM = """
import json, os, pathlib, sys, time
state = pathlib.Path(sys.argv[1])
match sys.argv[2]:
    case "set":
        if state.with_suffix(".broken").exists():
            sys.exit("the load balancer is gone")
        state.write_text(str(json.load(sys.stdin)["weight"]))
    case "read":
        print(json.dumps({"weight": int(state.read_text())}))
    case "environment":
        state.write_text(json.dumps(dict(os.environ)))
    case "hang":
        child = os.fork()
        state.write_text(str(os.getpid()))
        time.sleep(60)
    case "flood":
        while True:
            print("x" * 10000)
    case "nonsense":
        print("done!")
"""


def a_program(folder: Path, what: str, read: str | None = None, **options: Any) -> Exec:
    """Return an actuator that runs the program above."""
    (folder / "program.py").write_text(PROGRAM)
    own = (sys.executable, "-I", str(folder / "program.py"), str(folder / "state"))
    settings = {"set": (*own, what), "read": read and (*own, read), **options}
    return Exec.of(ExecSettings.model_validate(settings), a_place())


class TestExec(ActuatorContract):
    """It keeps what every actuator promises."""

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        self.folder = folder
        async with a_program(folder, "set", "read") as actuator:
            yield actuator

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """See `ActuatorContract.meddle`."""
        del actuator
        (self.folder / "state").write_text("4000")
        return Weight(4000)

    async def break_down(self, actuator: Actuator) -> bool:
        """See `ActuatorContract.break_down`."""
        del actuator
        (self.folder / "state.broken").touch()
        return True


async def test_a_program_that_fails_is_quoted(tmp_path):
    """Its exit code, and what it wrote for people."""
    (tmp_path / "state.broken").touch()
    with pytest.raises(ActuatorError, match="exit code 1: the load balancer is gone"):
        await a_program(tmp_path, "set").set_weight(Weight(1000))


async def test_without_a_reader_what_was_done_is_what_was_asked(tmp_path):
    """And nothing is known before."""
    actuator = a_program(tmp_path, "set")
    assert await actuator.read_weight() is None
    await actuator.set_weight(Weight(1000))
    assert await actuator.read_weight() == 1000


async def test_a_program_is_told_nothing_of_our_environment(tmp_path, monkeypatch):
    """Secrets stand there."""
    monkeypatch.setenv("SHADOWMON_CONSOLE__OPERATOR_TOKEN", "hunter2")
    await a_program(tmp_path, "environment").set_weight(Weight(1000))
    assert "hunter2" not in (tmp_path / "state").read_text()


async def test_a_program_that_hangs_is_killed_with_its_children(tmp_path):
    """At the deadline."""
    began = time.monotonic()
    with pytest.raises(ActuatorError, match="took longer than 1 s, and was killed"):
        await a_program(tmp_path, "hang", timeout_seconds=1).set_weight(Weight(1000))
    assert time.monotonic() - began < 5

    group = int((tmp_path / "state").read_text())
    async with asyncio.timeout(5):
        while _is_alive(group):
            await asyncio.sleep(0.02)


def _is_alive(group: int) -> bool:
    """Say whether any process of a group still runs; a zombie does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, found = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(found) == group and state != "Z":
            return True
    return False


async def test_a_program_that_writes_without_end_is_killed(tmp_path):
    """Its output is bounded."""
    with pytest.raises(ActuatorError, match="wrote more than 65,536 bytes"):
        await a_program(tmp_path, "flood").set_weight(Weight(1000))


async def test_an_answer_that_is_no_json_is_said(tmp_path):
    """A program that writes must write what can be read."""
    with pytest.raises(ActuatorError, match=r'did not answer with JSON such as {"weight": 2500}'):
        await a_program(tmp_path, "nonsense").set_weight(Weight(1000))


async def test_a_program_that_is_not_there_is_said(tmp_path):
    """With the system's own reason."""
    actuator = Exec.of(ExecSettings(set=(str(tmp_path / "none"),)), a_place())
    with pytest.raises(ActuatorError, match="cannot be started: No such file"):
        await actuator.set_weight(Weight(1000))
    assert not (tmp_path / "none").exists()
