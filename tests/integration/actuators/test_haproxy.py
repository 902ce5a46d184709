"""A real HAProxy whose weights are set over its runtime API."""

from __future__ import annotations

import os

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.haproxy import HAProxySettings, HAProxyWeights
from shadowmon.actuators.haproxy_socket import command
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight
from shadowmon.testing.actuators import ActuatorContract
from tests.conftest import SERVERS, find
from tests.daemons import free_port
from tests.places import a_place
from tests.steered import (
    is_open,
    is_within_three_errors,
    running,
    served_by_optimized,
    two_models,
)


SHIPPED = Path(__file__).parents[3] / "deploy" / "haproxy" / "haproxy.cfg"


@asynccontextmanager
async def a_haproxy(
    folder: Path, edit: Callable[[str], str] = str, **options: Any
) -> AsyncIterator[tuple[HAProxyWeights, int]]:
    """Run the shipped configuration on a free port; yields what steers it, and that port."""
    listen = free_port()
    async with two_models() as (baseline, optimized):
        text = SHIPPED.read_text().replace("/run/haproxy", str(folder))
        text = text.replace("0.0.0.0:10000", f"127.0.0.1:{listen}")
        text = text.replace(":8001", f":{baseline}").replace(":8002", f":{optimized}")
        (folder / "haproxy.cfg").write_text(edit(text))
        with running(find("haproxy"), "-q", "-f", folder / "haproxy.cfg", environment=_libraries()):
            await is_open(listen)
            address = f"unix:{folder}/admin.sock"
            settings = HAProxySettings(address=address, backend="models", **options)
            yield HAProxyWeights.of(settings, a_place()), listen


def _libraries() -> dict[str, str]:
    """Let what was unpacked beside it be found."""
    folders = [str(folder) for folder in (SERVERS / "lib").glob("*-linux-gnu*")]
    return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(folders)}


class TestHAProxy(ActuatorContract):
    """It keeps what every actuator promises."""

    weights = (Weight(50), Weight(2500), Weight(10_000), Weight(0))

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        self.folder = folder
        async with a_haproxy(folder) as (actuator, _):
            yield actuator

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """See `ActuatorContract.meddle`."""
        del actuator
        line = "set weight models/baseline 60; set weight models/optimized 40"
        await command(f"unix:{self.folder}/admin.sock", line, seconds=2)
        return Weight(4000)

    async def break_down(self, actuator: Actuator) -> bool:
        """See `ActuatorContract.break_down`."""
        del actuator
        (self.folder / "admin.sock").unlink()
        return True


async def test_haproxy_steers_by_its_weights(tmp_path):
    """1, 10, 50, 100 and 0 % of 2,000 users, whoever is next: within three standard errors."""

    def round_robin(text: str) -> str:
        return text.replace("balance hdr(x-user-id)", "balance roundrobin").replace(
            "hash-type consistent sdbm avalanche", ""
        )

    async with a_haproxy(tmp_path, round_robin) as (actuator, port):
        for percent in (1, 10, 50, 100, 0):
            await actuator.set_weight(Weight(percent * 100))
            served = await served_by_optimized(port)
            assert is_within_three_errors(len(served), percent / 100)


async def test_a_rising_weight_moves_no_user_back(tmp_path):
    """With the shipped consistent hash; its shares are coarse, for the ring has few points."""
    async with a_haproxy(tmp_path) as (actuator, port):
        before: set[int] = set()
        for percent in (10, 25, 50, 100):
            await actuator.set_weight(Weight(percent * 100))
            served = await served_by_optimized(port)
            assert len(before - served) <= len(before) * 0.02
            before = served
        assert len(before) == 2000


@pytest.mark.parametrize("weight", [10, 9990])
async def test_a_share_that_is_too_fine_is_refused(weight, tmp_path):
    """It says which share would be the closest."""
    async with a_haproxy(tmp_path) as (actuator, _):
        with pytest.raises(ActuatorError, match=r"the closest is (0\.39|99\.61)%"):
            await actuator.set_weight(Weight(weight))
        assert await actuator.read_weight() == 0


async def test_a_backend_that_is_not_there_is_said(tmp_path):
    """In HAProxy's words, whichever way it is asked."""
    async with a_haproxy(tmp_path, baseline=("base",)) as (actuator, _):
        with pytest.raises(ActuatorError, match="refused: No such server"):
            await actuator.set_weight(Weight(1000))
        with pytest.raises(ActuatorError, match="has no server base"):
            await actuator.read_weight()


async def test_a_third_server_is_not_steered_past(tmp_path):
    """It would get a share that nobody decided."""

    def with_a_third(text: str) -> str:
        return text + "    server old 127.0.0.1:1 weight 5\n"

    async with a_haproxy(tmp_path, with_a_third) as (actuator, _):
        await actuator.set_weight(Weight(1000))
        with pytest.raises(ActuatorError, match="also sends to old"):
            await actuator.read_weight()
