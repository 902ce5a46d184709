"""Real models in a folder, and real processes that end with the test."""

from __future__ import annotations

import aiohttp
import pytest

from shadowmon.clock import SystemClock
from shadowmon.demo.crew import start_servers
from shadowmon.demo.prepare import prepare
from shadowmon.demo.processes import Processes


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Return the demo's four models, trained and saved."""
    return prepare(tmp_path_factory.mktemp("models"), seed=1)


@pytest.fixture
async def session():
    """Give an HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as client:
        yield client


@pytest.fixture
async def processes(tmp_path):
    """Give a place to start processes in; all are stopped at the end."""
    async with Processes(tmp_path) as running:
        yield running


@pytest.fixture
async def server(processes, models, session):
    """Give the address of a server of int8, in a process of its own."""
    servers = await start_servers(
        processes,
        [model for model in models if model.name == "int8"],
        session=session,
        clock=SystemClock(),
    )
    return servers["int8"]
