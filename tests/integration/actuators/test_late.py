"""A climb that was given up for a roll-back, and reaches its server after it."""

from __future__ import annotations

import asyncio
import json

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from aiohttp import web

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.kubernetes.patcher import GatewayApi, GatewayApiSettings
from shadowmon.actuators.letting_go import LET_GO_SECONDS
from shadowmon.actuators.webhook import Webhook, WebhookSettings
from shadowmon.daemon.steering import LATE_SECONDS, LATE_WATCH_SECONDS, Steering
from shadowmon.records import TrialId, Weight, WeightApplied
from shadowmon.telemetry.tallies import Tallies
from tests.kubernetes_api import TOKEN, KubernetesApi, serving
from tests.places import StandingClock, a_place
from tests.weight_receivers import taking_weights


INT8 = TrialId("int8")
MANIFEST = Path(__file__).parents[3] / "deploy" / "kubernetes" / "gateway-api.yaml"
PATH = "/apis/gateway.networking.k8s.io/v1/namespaces/models/httproutes/chat"


class Receiver:
    """Takes weights in; a climb only after a while."""

    def __init__(self) -> None:
        self.weight = 0
        self.ids: list[str] = []
        self.may_go_on = asyncio.Event()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Take one in, for it came, whoever waits for the answer."""
        weight = json.loads(await request.read())["data"]["weight"]
        self.ids.append(request.headers.get("webhook-id", ""))
        if weight:
            await self.may_go_on.wait()
        self.weight = weight
        return web.Response()

    async def tell(self, request: web.Request) -> web.Response:
        """Tell the weight."""
        del request
        return web.json_response({"weight": self.weight})


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """Serve one on loopback."""
    receiver = Receiver()
    async with taking_weights(receiver):
        try:
            yield receiver
        finally:
            receiver.may_go_on.set()


@asynccontextmanager
async def steering(actuator: Actuator, clock: StandingClock) -> AsyncIterator[Steering]:
    """Give an actuator to the control loop's hands."""
    found = Steering({INT8: actuator}, clock, Tallies(), patience_seconds=2.0)
    await found.open()
    try:
        yield found
    finally:
        await found.close()


async def climb_and_roll_back(found: Steering, reached: asyncio.Event) -> None:
    """Ask for 25 %, and for none once that has reached its server."""
    found.ask(INT8, Weight(2500))
    async with asyncio.timeout(5):
        await reached.wait()
    found.ask(INT8, Weight(0))
    await found.settle()
    assert [each.weight for _, each in found.take() if isinstance(each, WeightApplied)] == [0]


async def watched(found: Steering, clock: StandingClock, seconds: float) -> None:
    """Let time pass as ticks do."""
    for _ in range(int(seconds / LATE_WATCH_SECONDS) + 1):
        clock.seconds += LATE_WATCH_SECONDS
        found.watch(INT8)
        await found.settle()


def once(holds) -> asyncio.Event:
    """Return an event that is set once something holds."""
    event = asyncio.Event()

    async def look() -> None:
        while not holds():
            await asyncio.sleep(0.005)
        event.set()

    event.task = asyncio.create_task(look())  # type: ignore[attr-defined]
    return event


async def test_an_answer_that_comes_soon_is_waited_for():
    """The roll-back is told once the climb has been taken in, so they cannot change places."""
    async with a_receiver() as receiver:
        settings = WebhookSettings(url=receiver.url, read_url=receiver.url)
        async with Webhook.of(settings, a_place()) as webhook:
            climb = asyncio.create_task(webhook.set_weight(Weight(2500)))
            await once(lambda: receiver.ids).wait()
            climb.cancel()
            asyncio.get_running_loop().call_later(LET_GO_SECONDS / 5, receiver.may_go_on.set)
            await asyncio.wait([climb])
            await webhook.set_weight(Weight(0))

            await asyncio.sleep(LET_GO_SECONDS / 2)
            assert await webhook.read_weight() == receiver.weight == 0


async def test_no_answer_is_waited_for_long():
    """Whoever never answers delays a roll-back by less than a second."""
    async with (
        a_receiver() as receiver,
        Webhook.of(WebhookSettings(url=receiver.url), a_place()) as webhook,
    ):
        climb = asyncio.create_task(webhook.set_weight(Weight(2500)))
        await once(lambda: receiver.ids).wait()
        climb.cancel()

        _, pending = await asyncio.wait([climb], timeout=2 * LET_GO_SECONDS)
        assert not pending


@pytest.mark.parametrize("is_read", [True, False])
async def test_a_webhooks_climb_that_comes_late_is_undone(is_read):
    """By what is read back within a second, or else by the roll-back told once more, anew."""
    clock = StandingClock()
    async with a_receiver() as receiver:
        settings = WebhookSettings(url=receiver.url, read_url=receiver.url if is_read else None)
        async with steering(Webhook.of(settings, a_place()), clock) as found:
            await climb_and_roll_back(found, once(lambda: receiver.ids))
            receiver.may_go_on.set()
            await once(lambda: receiver.weight == 2500).wait()

            await watched(found, clock, 1.0 if is_read else LATE_SECONDS)

            assert receiver.weight == 0
            assert {each.weight for _, each in found.take()} <= {0}


async def test_a_patch_that_comes_late_is_undone(tmp_path):
    """The object said 0 % when the roll-back read it, so there was nothing to be patched; then."""
    clock = StandingClock()
    (tmp_path / "token").write_text(TOKEN)
    manifest = next(iter(yaml.safe_load_all(MANIFEST.read_text())))
    api = KubernetesApi(manifest, "HTTPRoute_v1.json", PATH)
    async with serving(api):
        settings = GatewayApiSettings(
            url=api.url,
            token_file=tmp_path / "token",
            ca_file=None,
            namespace="models",
            name="chat",
            baseline="chat-fp16",
            optimized="chat-int8",
        )
        patcher = GatewayApi.of(settings, a_place(clock=clock))
        async with steering(patcher, clock) as found:
            found.ask(INT8, Weight(0))
            await found.settle()
            found.take()
            api.faults.append("late")
            await climb_and_roll_back(found, once(lambda: not api.faults))
            api.may_go_on.set()
            await once(lambda: len(api.changes) == 1).wait()
            assert await patcher.read_weight() == 2500

            await watched(found, clock, 1.0)

            assert await patcher.read_weight() == 0
