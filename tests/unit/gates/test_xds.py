"""Discovery: what is handed out, when a question is held, and when it is let go."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shadowmon.actuators.envoy import EnvoySettings, EnvoyWeights
from shadowmon.errors import ActuatorError, ConfigError
from shadowmon.gates.xds import Xds
from shadowmon.records import Weight
from tests.places import a_place


PATH = "/v3/discovery:runtime"


def an_actuator(**options: Any) -> EnvoyWeights:
    """Return one that hands out the runtime layer int8, and waits for nobody long."""
    return EnvoyWeights.of(EnvoySettings(**{"confirm_seconds": 0.05, **options}), a_place())


@asynccontextmanager
async def discovery(
    *actuators: EnvoyWeights, hold_seconds: float = 0.05
) -> AsyncIterator[tuple[TestClient[Any, Any], Xds]]:
    """Serve what actuators hand out."""
    xds = Xds(actuators, hold_seconds=hold_seconds)
    app = web.Application()
    app.add_routes(xds.routes())
    async with TestClient(TestServer(app)) as client:
        yield client, xds


def asked(version: str = "", name: str = "int8", node: str = "envoy-1") -> dict[str, Any]:
    """Return what an Envoy asks, beside much else."""
    return {
        "version_info": version,
        "node": {"id": node, "extensions": [{"name": "x"}] * 100},
        "resource_names": [name],
        "type_url": "type.googleapis.com/envoy.service.runtime.v3.Runtime",
    }


async def set_in_vain(actuator: EnvoyWeights, weight: int) -> None:
    """Set a weight that no Envoy confirms."""
    with pytest.raises(ActuatorError):
        await actuator.set_weight(Weight(weight))


async def test_both_weights_are_handed_out():
    """Out of ten thousand, with the type and the version that Envoy wants."""
    actuator = an_actuator()
    async with discovery(actuator) as (client, _):
        await set_in_vain(actuator, 2500)
        answer = await (await client.post(PATH, json=asked())).json()

    kind = "type.googleapis.com/envoy.service.runtime.v3.Runtime"
    layer = {"shadowmon.int8.baseline": 7500, "shadowmon.int8.optimized": 2500}
    assert answer == {
        "version_info": actuator.version,
        "type_url": kind,
        "resources": [{"@type": kind, "name": "int8", "layer": layer}],
    }


async def test_nothing_is_handed_out_before_a_weight_was_set():
    """An Envoy keeps what it has."""
    async with discovery(an_actuator()) as (client, _):
        answer = await client.post(PATH, json=asked("2500-from-before"))
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_question_is_held_until_there_is_news():
    """And a weight is applied once the next question names its version."""
    actuator = an_actuator(confirm_seconds=5)
    async with discovery(actuator, hold_seconds=30) as (client, xds), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(actuator.set_weight(Weight(1000)))
        version = (await (await client.post(PATH, json=asked())).json())["version_info"]
        held = tasks.create_task(client.post(PATH, json=asked(version)))
        await first

        second = tasks.create_task(actuator.set_weight(Weight(0)))
        news = (await (await held).json())["version_info"]
        assert (news.partition("-")[0], second.done()) == ("0", False)
        last = tasks.create_task(client.post(PATH, json=asked(news)))
        await second

        assert await actuator.read_weight() == 0
        xds.release()
        assert (await last).status == 304


async def test_without_news_a_question_is_answered_after_a_while():
    """With 304, so that no proxy in between gives it up."""
    actuator = an_actuator()
    async with discovery(actuator) as (client, _):
        await set_in_vain(actuator, 1000)
        assert (await client.post(PATH, json=asked(str(actuator.version)))).status == 304


async def test_an_envoy_that_has_not_taken_it_is_named():
    """Every one of them must have, for each serves users."""
    actuator = an_actuator()
    async with discovery(actuator) as (client, _):
        await set_in_vain(actuator, 1000)
        await client.post(PATH, json=asked(str(actuator.version), node="good"))
        await client.post(PATH, json=asked("older", node="behind"))

        with pytest.raises(ActuatorError, match=r"1 of 2 Envoys have not taken.*behind@127"):
            await actuator.read_weight()


async def test_without_any_envoy_nothing_is_applied():
    """It says what to do."""
    with pytest.raises(ActuatorError, match="no Envoy asks for runtime int8: let its rtds_layer"):
        await an_actuator().set_weight(Weight(1000))


@pytest.mark.parametrize(
    ("name", "known"), [("other", "runtime int8"), ("", "runtime int8")], ids=["other", "none"]
)
async def test_what_is_not_handed_out_is_not_there(name, known):
    """And the answer says what is."""
    async with discovery(an_actuator()) as (client, _):
        answer = await client.post(PATH, json=asked(name=name))
        assert (answer.status, await answer.text()) == (
            404,
            f"not handed out here; there is: {known}\n",
        )


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"node": 3}', b"\xff"])
async def test_what_is_no_question_is_refused(body):
    """With 400: Envoy never sends such."""
    async with discovery(an_actuator()) as (client, _):
        assert (await client.post(PATH, data=body)).status == 400


async def test_both_spellings_of_json_are_read():
    """Protocol Buffers allow either."""
    actuator = an_actuator()
    async with discovery(actuator) as (client, _):
        await set_in_vain(actuator, 1000)
        body = {"versionInfo": "x", "resourceNames": ["int8"], "node": {"id": "e"}}
        assert (await client.post(PATH, json=body)).status == 200


def test_two_trials_cannot_hand_out_one_resource():
    """Whose weight would it be?"""
    with pytest.raises(ConfigError, match="two trials hand out runtime int8"):
        Xds([an_actuator(), an_actuator()])
