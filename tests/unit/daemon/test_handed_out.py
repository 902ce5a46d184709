"""Which trials are handed out, to whom."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shadowmon.actuators.dry_run import DryRun
from shadowmon.actuators.envoy import EnvoySettings, EnvoyWeights
from shadowmon.actuators.openfeature import OpenFeatureFlag
from shadowmon.actuators.proxy import ProxyWeights
from shadowmon.config.settings import Settings
from shadowmon.daemon.handed_out import ASKED_BY_POST, hand_out
from shadowmon.ipc.board import Board, TrialCell
from shadowmon.records import TrialId, Weight
from tests.places import a_place


NAMES = ("flag", "ours", "envoy", "watched")


def an_app(board: Board) -> web.Application:
    """Return an application that hands out four trials, each moved by another actuator."""
    settings = Settings.model_validate(
        {
            "models": {name: {"url": "http://127.0.0.1:1"} for name in ("base", *NAMES)},
            "routes": {"chat": {"baseline": "base"}},
            "trials": {
                name: {"route": "chat", "optimized": name, "task": "custom"} for name in NAMES
            },
        }
    )
    flag = OpenFeatureFlag("a-flag")
    flag.weight = Weight(10_000)
    envoy = EnvoyWeights.of(EnvoySettings(), a_place(trial_id=TrialId("envoy")))
    found = (flag, ProxyWeights(board, 1), envoy, DryRun())
    app = web.Application()
    hand_out(app, settings, dict(zip(map(TrialId, NAMES), found, strict=True)), board)
    return app


async def test_flags_are_what_applications_and_our_own_proxy_go_by():
    """Nobody is given the share of a trial that moves nothing."""
    board = Board.create()
    board.set_trial(1, TrialCell.WEIGHT, 0)
    async with TestClient(TestServer(an_app(board))) as client:
        answer = await client.post(
            "/ofrep/v1/evaluate/flags", json={"context": {"targetingKey": "user-1"}}
        )
        flags = (await answer.json())["flags"]
    assert {each["key"]: each["value"] for each in flags} == {"a-flag": True, "ours": False}


async def test_whoever_waits_is_let_go_at_the_end():
    """A stop takes no longer for an Envoy that holds a question."""
    client = TestClient(TestServer(an_app(Board.create())))
    await client.start_server()
    asked = asyncio.get_running_loop().create_task(
        client.post("/v3/discovery:runtime", json={"resource_names": ["envoy"]})
    )
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        await client.server.close()
        assert (await asked).status == 304
    await client.close()


def test_what_is_asked_by_post_is_listed():
    """By the very names that the server knows its resources by."""
    resources = an_app(Board.create()).router.resources()
    assert {each.canonical for each in resources} == ASKED_BY_POST
