"""
A real daemon, run as people run it, and real model servers that do what a test asks of them.

The daemon is `shadowmon run` in a process of its own; the models are aiohttp servers on loopback
that speak the Open Inference Protocol v2 and can be told to misbehave; users are a client that
counts every answer that is not exactly what it must be.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import yaml

from aiohttp import web

from tests.ports import free_port


PATIENCE_SECONDS = 60.0
NOISE = 0.3
"""How often a noisy model's answer is another one than the time before."""


# --- Models ----------------------------------------------------------------


@dataclass
class Model:
    """A model server. It answers a number's label: the number itself, unless it misbehaves."""

    name: str
    behaviour: str = "good"
    """good, wrong, noisy (now and then another answer), late, hang, error, reset, garbage, slow."""
    port: int = 0
    asked: int = 0
    dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    shadow: int = 0
    """Of these, calls that were marked as the mirror's."""

    async def infer(self, request: web.Request) -> web.StreamResponse:
        """Answer, or misbehave."""
        body = await request.json()
        self.asked += 1
        self.shadow += request.headers.get("x-shadowmon-shadow") == "1"
        number = int(body["inputs"][0]["data"][0])
        match self.behaviour:
            case "hang":
                await asyncio.sleep(3600)
            case "error":
                return web.json_response({"error": "out of memory"}, status=500)
            case "reset":
                return await self.reset(request)
            case "garbage":
                return web.Response(body=os.urandom(300), content_type="application/json")
            case "slow":
                return await self.trickle(request, number)
            case "noisy":
                number = (number + int(self.dice.random() < NOISE)) % 10
            case "late":
                await asyncio.sleep(1)
            case "wrong":
                number = (number + 1) % 10
            case _:
                pass
        return web.json_response(self.answer(number))

    def answer(self, number: int) -> dict[str, Any]:
        """Return the answer that says this number."""
        return {
            "model_name": "digits",
            "model_version": self.name,
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [1], "data": [str(number)]}
            ],
        }

    async def reset(self, request: web.Request) -> web.StreamResponse:
        """Begin an answer, and cut the connection in the middle of it."""
        response = web.StreamResponse(headers={"content-length": "1000"})
        await response.prepare(request)
        await response.write(b'{"model_name":')
        if request.transport:
            request.transport.abort()
        return response

    async def trickle(self, request: web.Request, number: int) -> web.StreamResponse:
        """Answer a byte a second."""
        response = web.StreamResponse()
        await response.prepare(request)
        for byte in json.dumps(self.answer(number)).encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(1)
        return response

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Model]:
        """Serve for as long as the block takes."""
        app = web.Application()
        app.router.add_post("/v2/models/digits/infer", self.infer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


# --- The daemon ------------------------------------------------------------


def a_configuration(models: list[Model], **changes: Any) -> dict[str, Any]:
    """Return a quick configuration: the first model is the baseline, each other is on trial."""
    baseline, *others = models
    trial = {
        "route": "digits",
        "actuator": "proxy",
        "task": "classification",
        "policy": {"error_rise_acceptable": 0.1},
    }
    settings: dict[str, Any] = {
        "models": {
            model.name: {"url": f"http://127.0.0.1:{model.port}", "timeout_seconds": 1.0}
            for model in models
        },
        "routes": {
            "digits": {
                "path_prefix": "/v2/models/digits/",
                "baseline": baseline.name,
                "codec": "open_inference",
                "sticky": {"header": "x-user-id"},
            }
        },
        "trials": {model.name: trial | {"optimized": model.name} for model in others},
        "proxy": {"listen": f"127.0.0.1:{free_port()}"},
        "console": {"listen": f"127.0.0.1:{free_port()}"},
        "rollout": {
            "shadow_min_pairs": 20,
            "shadow_min_dwell_seconds": 0.5,
            "stages": [
                {"percent": percent, "min_pairs": 20, "min_dwell_seconds": 0.5}
                for percent in (1, 10, 50, 100)
            ],
            "cooldown_seconds": 5,
        },
        "daemon": {"tick_seconds": 0.2, "flush_seconds": 0.1, "drain_seconds": 3},
        "telemetry": {"log_format": "json"},
    }
    return settings | changes


@dataclass
class Daemon:
    """`shadowmon run`, in a folder of its own."""

    folder: Path
    settings: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    session: aiohttp.ClientSession | None = None
    starts: int = 0

    def __post_init__(self) -> None:
        self.settings.setdefault("store", {"path": str(self.folder / "shadowmon.db")})
        self.write()

    @property
    def path(self) -> Path:
        """The configuration's file."""
        return self.folder / "shadowmon.yaml"

    @property
    def log(self) -> str:
        """All that it has logged, all starts together."""
        return (self.folder / "daemon.log").read_text(errors="replace")

    def write(self) -> None:
        """Write the configuration as it stands now."""
        self.path.write_text(yaml.safe_dump(self.settings))

    def start(self) -> None:
        """Start it; does not wait."""
        self.starts += 1
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shadowmon", "run", "--config", str(self.path)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it and all its processes at once, as a power cut would."""
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(self.process.pid, 0)
                time.sleep(0.01)

    def stop(self) -> int:
        """Stop it as people do; return its exit code."""
        assert self.process
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def child(self, name: str) -> int:
        """Return the process id of the child that lives under this name."""
        started = [
            entry
            for line in self.log.splitlines()
            if "process_started" in line and (entry := json.loads(line))["process"] == name
        ]
        pid: int = started[-1]["pid"]
        return pid

    async def get(self, path: str) -> Any:
        """Ask its API."""
        assert self.session
        url = f"http://{self.settings['console']['listen']}{path}"
        async with self.session.get(url) as answer:
            text = await answer.text()
            assert answer.status == 200, (path, answer.status, text)
            return json.loads(text) if "json" in answer.content_type else text

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Ask it to do something."""
        assert self.session
        url = f"http://{self.settings['console']['listen']}{path}"
        async with self.session.post(url, json=body) as answer:
            return answer.status, await answer.json()

    async def journal(self) -> list[dict[str, Any]]:
        """Return the newest journal entries, oldest first."""
        page = await self.get("/api/v1/journal?limit=200")
        entries: list[dict[str, Any]] = page["entries"]
        return entries[::-1]

    async def trial(self, name: str) -> dict[str, Any]:
        """Return one trial as the API shows it."""
        answer: dict[str, Any] = await self.get(f"/api/v1/trials/{name}")
        return answer

    async def ready(self) -> None:
        """Wait until it is ready."""
        await self.until(self.is_ready)

    async def is_ready(self) -> bool:
        """Is it ready?"""
        with contextlib.suppress(aiohttp.ClientError, AssertionError, TimeoutError):
            await self.get("/-/ready")
            return True
        return False

    async def until(self, holds: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something holds; fail with the end of the log if it does not in time."""
        deadline = time.monotonic() + seconds
        while not await holds():
            assert self.process
            assert self.process.poll() is None, self.log[-3000:]
            assert time.monotonic() < deadline, self.log[-3000:]
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running(folder: Path, settings: dict[str, Any]) -> AsyncIterator[Daemon]:
    """Run a daemon for as long as the block takes."""
    daemon = Daemon(folder, settings)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        daemon.session = session
        daemon.start()
        try:
            await daemon.ready()
            yield daemon
        finally:
            if daemon.process and daemon.process.poll() is None:
                daemon.stop()


# --- Users -----------------------------------------------------------------


@dataclass
class Users:
    """People who ask through the proxy, and notice everything."""

    daemon: Daemon
    rate: float = 100.0
    answered: Counter[str] = field(default_factory=Counter)
    """Model's version -> answers."""
    errors: list[str] = field(default_factory=list)
    labels: bool = False
    wrong: int = 0
    _sent: int = 0

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[Users]:
        """Keep asking for as long as the block takes; every request is answered before it ends."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            loop = tasks.create_task(self._ask_on(tasks, stop))
            try:
                yield self
            finally:
                stop.set()
                await loop

    async def _ask_on(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=10)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            asyncio.TaskGroup() as requests,
        ):
            begun = time.monotonic()
            while not stop.is_set():
                self._sent += 1
                requests.create_task(self.ask(session, self._sent))
                await asyncio.sleep(max(0, begun + self._sent / self.rate - time.monotonic()))
        del tasks

    async def ask(self, session: aiohttp.ClientSession, number: int) -> None:
        """Ask one question, and check the answer."""
        digit = number * 7 % 10
        url = f"http://{self.daemon.settings['proxy']['listen']}/v2/models/digits/infer"
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [digit]}]}
        headers = {"x-user-id": f"user-{number * 31 % 5000}", "x-request-id": f"x-{number}"}
        try:
            async with session.post(url, json=body, headers=headers) as answer:
                found = await answer.json()
                if answer.status != 200:
                    self.errors.append(f"status {answer.status}: {found}")
                    return
                self.answered[found["model_version"]] += 1
                self.wrong += found["outputs"][0]["data"][0] != str(digit)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
