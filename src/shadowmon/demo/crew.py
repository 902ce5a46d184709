"""Everybody who plays in the demo: four model servers, the daemon, the users."""

from __future__ import annotations

import asyncio
import contextlib

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from shadowmon.clock import Clock
from shadowmon.demo.configuration import DemoPlan, write_configuration
from shadowmon.demo.daemon_api import DaemonApi
from shadowmon.demo.load import Asked, Ended, Told
from shadowmon.demo.prepare import Model
from shadowmon.demo.processes import (
    DemoError,
    Processes,
    Running,
    free_address,
    listening_socket,
)


USERS = 20_000
RATE_PER_SECOND = 120.0
READY_SECONDS = 120.0
LOAD_SECONDS = 60.0
"""A slow machine's time to load weights."""
POLL_SECONDS = 0.1

_TOLD = msgspec.json.Decoder(Told)


@dataclass(slots=True, kw_only=True)
class Heard:
    """What the load generator has told so far."""

    asked: list[Asked] = field(default_factory=list)
    ended: Ended | None = None

    def line(self, line: bytes) -> None:
        """Take in one line of its output."""
        told = _TOLD.decode(line)
        if isinstance(told, Asked):
            self.asked.append(told)
        else:
            self.ended = told

    def in_order(self) -> list[Asked]:
        """Return every request by when it was sent; they are told by when they were answered."""
        return sorted(self.asked, key=lambda each: each.sent_at)

    def sums(self) -> Ended:
        """Return the sums: the generator's own, or if it did not end in peace what was heard."""
        errors = sum(bool(each.problem) for each in self.asked)
        heard = Ended(asked=len(self.asked), errors=errors, labels_posted=0, labels_lost=0)
        return self.ended or heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """All that runs."""

    folder: Path
    configuration: Path
    servers: Mapping[str, str]
    """Model -> address of its server."""
    daemon: Running
    proxy: str
    console: str


async def start_servers(
    processes: Processes, models: Sequence[Model], *, session: aiohttp.ClientSession, clock: Clock
) -> dict[str, str]:
    """Start one server for each model and return their addresses once all are ready."""
    servers = {model.name: await _start_server(processes, model) for model in models}
    for running, address in servers.values():
        answers = partial(_answers, session, f"{address}/v2/health/ready")
        await wait_until(answers, running, clock=clock)
    return {name: address for name, (_, address) in servers.items()}


async def _start_server(processes: Processes, model: Model) -> tuple[Running, str]:
    with listening_socket() as listening:
        host, port = listening.getsockname()
        arguments = ["--weights", str(model.file), "--name", "digits", "--version", model.name]
        running = await processes.start(
            f"model-{model.name}",
            ["-m", "shadowmon.demo.model_server", *arguments, "--fd", str(listening.fileno())],
            fds=[listening.fileno()],
        )
    return running, f"http://{host}:{port}"


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, TimeoutError):
        return False


async def start_daemon(
    processes: Processes,
    models: Sequence[Model],
    servers: Mapping[str, str],
    *,
    folder: Path,
    session: aiohttp.ClientSession,
    clock: Clock,
) -> tuple[Crew, DaemonApi]:
    """Write the configuration, run the daemon as anyone would, and wait until it is ready."""
    plan = DemoPlan(
        folder=folder,
        models=servers,
        size_bytes={model.name: model.size_bytes for model in models},
        proxy=free_address(),
        console=free_address(),
    )
    file = write_configuration(plan)
    daemon = await processes.start("daemon", ["-m", "shadowmon", "run", "--config", str(file)])
    api = DaemonApi(session, plan.console)
    await wait_until(api.is_ready, daemon, clock=clock)
    crew = Crew(
        folder=folder,
        configuration=file,
        servers=servers,
        daemon=daemon,
        proxy=plan.proxy,
        console=plan.console,
    )
    return crew, api


async def start_users(processes: Processes, crew: Crew, *, seed: int) -> Running:
    """Start the load generator."""
    arguments = ["--target", f"http://{crew.proxy}", "--labels", f"http://{crew.console}"]
    how_many = ["--users", str(USERS), "--rate", str(RATE_PER_SECOND), "--seed", str(seed)]
    return await processes.start(
        "users", ["-m", "shadowmon.demo.load", *arguments, *how_many], piped=True
    )


async def listen(users: Running, heard: Heard) -> None:
    """Take in what the load generator tells, until it ends."""
    if users.process.stdout is None:
        msg = "the load generator was started without a pipe"
        raise DemoError(msg)
    async for line in users.process.stdout:
        heard.line(line)


async def swap_weights(session: aiohttp.ClientSession, server: str, file: Path) -> None:
    """
    Let a server load another model's weights; it goes on saying that it is what it was.

    Raises:
        DemoError: If it does not.

    """
    url = f"{server}/v2/repository/models/digits/load"
    patience = aiohttp.ClientTimeout(total=LOAD_SECONDS)
    body = {"parameters": {"weights": file.name}}
    async with session.post(url, json=body, timeout=patience) as answer:
        if not answer.ok:
            msg = f"{url}: status {answer.status}: {await answer.text()}"
            raise DemoError(msg)


async def wait_until(
    is_ready: Callable[[], Coroutine[Any, Any, bool]], running: Running, *, clock: Clock
) -> None:
    """
    Ask again and again until a process is ready.

    Raises:
        DemoError: If it ends, or is not ready within `READY_SECONDS`; with the end of its log.

    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while not await is_ready():
                running.check()
                await clock.sleep(POLL_SECONDS)
            return
    msg = f"{running.name} was not ready within {READY_SECONDS:g} s; its log ends:"
    raise DemoError(msg + "\n" + running.last_words())
