"""
Record what assessors are counted by: `python -m tests.integration.observability.record_assessed`.

The demo classifies digits, of which there is nothing to assess. Here two models write Python, and
ruff, a real assessor, says how clean it is. Only what the demo does not have is kept (`FAMILIES`):
recorded.py lays it beside the demo's run, as if both had begun at one time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import sys
import tempfile

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from aiohttp import web
from deploy.observe import free_address, start_prometheus

from tests.daemons import Daemon, Model, a_configuration, running
from tests.integration.observability.record import everything, openmetrics


ASSESSED = Path(__file__).with_name("assessed.openmetrics.gz")
FAMILIES = ("shadowmon_assessments_total",)
SECONDS = 30
RATE_PER_SECOND = 20
CLEAN = "def double(number):\n    return 2 * number\n"
UNCLEAN = f"import os\n\n\n{CLEAN}"
UNCLEAN_EVERY = 4


@dataclass
class Coder:
    """A chat model that writes Python; a careless one imports now and then what it does not use."""

    name: str
    is_careless: bool = False
    port: int = 0
    asked: int = 0

    async def chat(self, request: web.Request) -> web.Response:
        """Answer."""
        await request.read()
        self.asked += 1
        slips = self.is_careless and self.asked % UNCLEAN_EVERY == 0
        said = f"```python\n{UNCLEAN if slips else CLEAN}```"
        return web.json_response({"choices": [{"message": {"content": said}}]})

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve for as long as the block takes."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield
        finally:
            await runner.cleanup()


def configuration(coders: list[Coder]) -> dict[str, Any]:
    """Return a configuration in which one coder is the baseline, and the other on trial."""
    settings = a_configuration([Model(coder.name) for coder in coders])
    settings["models"] = {
        coder.name: {"url": f"http://127.0.0.1:{coder.port}", "timeout_seconds": 2.0}
        for coder in coders
    }
    settings["routes"] = {
        "code": {"path_prefix": "/v1/", "baseline": coders[0].name, "codec": "openai"}
    }
    trial = {"route": "code", "optimized": coders[1].name, "actuator": "proxy", "task": "code"}
    settings["trials"] = {"int8": trial}
    settings["assessors"] = {"lint": {}}
    return settings


async def ask(daemon: Daemon) -> None:
    """Ask for code, again and again, for as long as it takes."""
    url = f"http://{daemon.settings['proxy']['listen']}/v1/chat/completions"
    body = {"messages": [{"role": "user", "content": "Write a function in Python that doubles."}]}
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
        for _ in range(SECONDS * RATE_PER_SECOND):
            tasks.create_task(one(session, url, body))
            await asyncio.sleep(1 / RATE_PER_SECOND)


async def one(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
    """Ask once."""
    async with session.post(url, json=body) as answer:
        answer.raise_for_status()


async def recorded(folder: Path) -> list[dict[str, Any]]:
    """Run both coders, a daemon and a Prometheus; return what that knows in the end."""
    coders = [Coder("fp16"), Coder("int8", is_careless=True)]
    async with coders[0].serving(), coders[1].serving():
        settings = configuration(coders)
        async with running(folder, settings) as daemon:
            address = free_address()
            with contextlib.ExitStack() as servers:
                start_prometheus(
                    servers,
                    folder,
                    address,
                    target=settings["console"]["listen"],
                    alertmanager=free_address(),
                    seconds=1.0,
                )
                await ask(daemon)
                await asyncio.sleep(2)
                found = await asyncio.to_thread(everything, f"http://{address}")
    return [each for each in found if each["metric"]["__name__"] in FAMILIES]


def main() -> int:
    """Run, and write the file."""
    with tempfile.TemporaryDirectory() as name:
        series = asyncio.run(recorded(Path(name)))
    if not series:
        print("nothing was assessed: nothing was written")  # noqa: T201 - a script
        return 1
    ASSESSED.write_bytes(gzip.compress(openmetrics(series).encode(), mtime=0))
    print(f"{len(series)} series, {ASSESSED.stat().st_size} bytes")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
