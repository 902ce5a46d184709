"""Every hazard of the suite, against a real data-plane worker of ours with its tee on."""

from __future__ import annotations

import socket

import pytest

from benchmarks import proxy_ours
from tests.hazards.suite import HAZARDS, a_stage


@pytest.fixture(name="listening", scope="module")
def _listening():
    """Where the proxy expects its model server."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as sock:
        yield sock


@pytest.fixture(name="proxy", scope="module")
def _proxy(listening, tmp_path_factory):
    """A worker process, impatient."""
    port = listening.getsockname()[1]
    with proxy_ours.shadowmon_proxy(
        tmp_path_factory.mktemp("proxy"), port, cpu=None, weight=0, settings=proxy_ours.impatient()
    ) as server:
        yield server


@pytest.mark.parametrize("play", HAZARDS, ids=lambda play: play.__name__)
async def test_hazard(play, proxy, listening):
    """The proxy stands up to it."""
    async with a_stage(proxy.port, listening) as stage:
        await play(stage)


def test_there_are_enough_of_them():
    """Each hazard has a name of its own and a sentence, and there are at least 45."""
    assert len({play.__name__ for play in HAZARDS}) == len(HAZARDS) >= 45
    assert all((play.__doc__ or "").rstrip().endswith(".") for play in HAZARDS)
