"""Real answers, observed by Envoy's external processing filter: from a user to the evidence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.daemons import Model, a_configuration, running
from tests.integration.traffic.observed import an_envoy
from tests.ports import free_port


PADDING_BYTES = 400_000
MAX_REQUESTS = 32
MARGIN_BYTES = 24_000_000
"""What Envoy's memory may grow by for other reasons: connections, the users' own buffers."""


@dataclass
class Users:
    """People who ask by Envoy, a question of 400 kB each, and check every answer."""

    session: aiohttp.ClientSession
    url: str
    good: int = 0
    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    async def ask(self, number: int) -> None:
        digit = number % 10
        body: dict[str, Any] = {
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [digit]}],
            "parameters": {"padding": "x" * PADDING_BYTES},
        }
        began = asyncio.get_running_loop().time()
        try:
            async with self.session.post(self.url, json=body) as answer:
                found = await answer.json()
                assert found["outputs"][0]["data"] == [str(digit)]
                self.good += 1
        except (aiohttp.ClientError, TimeoutError, AssertionError, KeyError) as error:
            self.errors[type(error).__name__] += 1
        self.seconds.append(asyncio.get_running_loop().time() - began)

    @contextlib.asynccontextmanager
    async def asking(self, rate: float):
        """Ask so many times a second for as long as the block takes."""
        stop = asyncio.Event()

        async def go_on():
            async with asyncio.TaskGroup() as requests:
                number = 0
                while not stop.is_set():
                    requests.create_task(self.ask(number))
                    number += 1
                    await asyncio.sleep(1 / rate)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(go_on())
            try:
                yield
            finally:
                stop.set()


async def memory_of(session: aiohttp.ClientSession, admin: int) -> int:
    """Return the bytes that Envoy has allocated."""
    async with session.get(f"http://127.0.0.1:{admin}/memory") as answer:
        return int((await answer.json(content_type=None))["allocated"])


@pytest.mark.parametrize("stopped_seconds", [3, pytest.param(30, marks=pytest.mark.slow)])
async def test_a_stopped_observer_is_nobodys_trouble(stopped_seconds, tmp_path):
    """Users are served, Envoy's memory is bounded, scoring resumes; only int8 is ever called."""
    async with contextlib.AsyncExitStack() as stack:
        models = [
            await stack.enter_async_context(Model(name).serving()) for name in ("fp32", "int8")
        ]
        listen, admin, grpc = free_port(), free_port(), free_port()
        settings = a_configuration(models)
        del settings["proxy"]
        settings["trials"]["int8"]["actuator"] = "dry_run"
        settings["traffic"] = {"ext_proc": {"listen": f"127.0.0.1:{grpc}"}}
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        ports = {10000: listen, 9901: admin, 8001: models[0].port, 8002: models[1].port, 9182: grpc}
        changes = {
            "sample": ("shadowmon.sample: 10", "shadowmon.sample: 100"),
            "streams": ("max_requests: 128", f"max_requests: {MAX_REQUESTS}"),
        }
        await stack.enter_async_context(an_envoy(tmp_path, ports, **changes))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        users = Users(session, f"http://127.0.0.1:{listen}/v2/models/digits/infer")

        async def pairs() -> int:
            found: int = (await daemon.trial("int8"))["pairs"]
            return found

        async def enough() -> bool:
            return await pairs() >= 20

        async with users.asking(rate=40):
            await daemon.until(enough)
            before, largest = await memory_of(session, admin), 0
            control = daemon.child("control")
            os.kill(control, signal.SIGSTOP)
            try:
                for _ in range(stopped_seconds * 5):
                    await asyncio.sleep(0.2)
                    largest = max(largest, await memory_of(session, admin))
            finally:
                os.kill(control, signal.SIGCONT)
            stood = await pairs()

            async def resumed() -> bool:
                return await pairs() >= stood + 40

            await daemon.until(resumed)
        metrics = await daemon.get("/metrics")

    assert users.errors == {}
    assert sorted(users.seconds)[len(users.seconds) * 99 // 100] < 1.0
    assert largest - before < MAX_REQUESTS * (PADDING_BYTES + 20_000) + MARGIN_BYTES
    assert models[0].shadow == 0
    assert models[1].shadow == models[1].asked > 0
    assert 'shadowmon_ext_proc_streams_total{end="answered"}' in metrics
    assert 'shadowmon_ext_proc_streams_total{end="malformed"} 0' in metrics


async def test_evidence_is_of_the_answers_that_users_got(tmp_path):
    """A wrong optimized model is seen to be wrong on every pair, beside the user's own answer."""
    async with contextlib.AsyncExitStack() as stack:
        models = [
            await stack.enter_async_context(Model(name).serving()) for name in ("fp32", "int8")
        ]
        models[1].behaviour = "wrong"
        listen, admin, grpc = free_port(), free_port(), free_port()
        settings = a_configuration(models)
        del settings["proxy"]
        settings["trials"]["int8"]["actuator"] = "dry_run"
        settings["rollout"]["shadow_min_pairs"] = 10_000
        settings["traffic"] = {"ext_proc": {"listen": f"127.0.0.1:{grpc}"}}
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        ports = {10000: listen, 9901: admin, 8001: models[0].port, 8002: models[1].port, 9182: grpc}
        every = {"sample": ("shadowmon.sample: 10", "shadowmon.sample: 100")}
        await stack.enter_async_context(an_envoy(tmp_path, ports, **every))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        users = Users(session, f"http://127.0.0.1:{listen}/v2/models/digits/infer")
        for number in range(30):
            await users.ask(number)

        async def counted() -> bool:
            return bool((await daemon.trial("int8"))["pairs"])

        await daemon.until(counted)
        shown = await daemon.trial("int8")

    figures = {each["metric"]: each for each in shown["figures"] if each["slice"] == "all"}
    assert users.good == 30
    assert figures["disagreement"]["estimate"] == 1.0
    assert models[0].shadow == 0
