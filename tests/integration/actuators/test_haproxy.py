"""A real HAProxy that is steered over its runtime API, by a map and by weights."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

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
from tests.places import a_place
from tests.ports import free_port
from tests.steered import (
    is_open,
    is_within_three_errors,
    running,
    served_by_optimized,
    two_models,
)


SHIPPED = Path(__file__).parents[3] / "deploy" / "haproxy"
BY_MAP, BY_WEIGHTS = "haproxy.cfg", "weights.cfg"


@asynccontextmanager
async def a_haproxy(
    folder: Path, name: str = BY_MAP, edit: Callable[[str], str] = str, **options: Any
) -> AsyncIterator[tuple[HAProxyWeights, int]]:
    """Run a shipped configuration on a free port; yields what steers it, and that port."""
    listen = free_port()
    async with two_models() as (baseline, optimized):
        text = (SHIPPED / name).read_text().replace("0.0.0.0:10000", f"127.0.0.1:{listen}")
        for place in ("/run/haproxy", "/etc/haproxy"):
            text = text.replace(place, str(folder))
        text = text.replace(":8001", f":{baseline}").replace(":8002", f":{optimized}")
        (folder / name).write_text(edit(text))
        shutil.copy(SHIPPED / "shadowmon.map", folder)
        with running(find("haproxy"), "-q", "-f", folder / name, environment=_libraries()):
            await is_open(listen)
            await is_open(folder / "admin.sock")  # gets its name once all are listening
            ways = {BY_MAP: {"map": f"{folder}/shadowmon.map"}, BY_WEIGHTS: {"backend": "models"}}
            options = {"address": f"unix:{folder}/admin.sock", **ways[name], **options}
            settings = HAProxySettings(**options)
            yield HAProxyWeights.of(settings, a_place()), listen


def _libraries() -> dict[str, str]:
    """Let what was unpacked beside it be found."""
    folders = [str(folder) for folder in (SERVERS / "lib").glob("*-linux-gnu*")]
    return os.environ | {"LD_LIBRARY_PATH": os.pathsep.join(folders)}


class TestByMap(ActuatorContract):
    """It keeps what every actuator promises."""

    weights = (Weight(1), Weight(2500), Weight(10_000), Weight(0))
    name = BY_MAP
    foreign = "set map {folder}/shadowmon.map int8 4000"

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        self.folder = folder
        async with a_haproxy(folder, self.name) as (actuator, _):
            yield actuator

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """See `ActuatorContract.meddle`."""
        del actuator
        line = self.foreign.format(folder=self.folder)
        await command(f"unix:{self.folder}/admin.sock", line, seconds=2)
        return Weight(4000)

    async def break_down(self, actuator: Actuator) -> bool:
        """See `ActuatorContract.break_down`."""
        del actuator
        (self.folder / "admin.sock").unlink()
        return True


class TestByWeights(TestByMap):
    """It keeps them too."""

    weights = (Weight(50), Weight(2500), Weight(10_000), Weight(0))
    name = BY_WEIGHTS
    foreign = "set weight models/baseline 60; set weight models/optimized 40"


async def test_by_a_map_users_are_steered_and_none_is_moved_back(tmp_path):
    """1, 10, 25, 50, 100 and 0 % of 2,000 users, within three standard errors, soon."""
    async with a_haproxy(tmp_path) as (actuator, port):
        before: set[int] = set()
        for percent in (1, 10, 25, 50, 100):
            began = time.monotonic()
            await actuator.set_weight(Weight(percent * 100))
            assert await actuator.read_weight() == percent * 100
            assert time.monotonic() - began <= 2.0

            served = await served_by_optimized(port)
            assert is_within_three_errors(len(served), percent / 100)
            assert before <= served
            before = served

        await actuator.set_weight(Weight(0))
        assert await served_by_optimized(port) == set()


async def test_who_cannot_be_told_apart_is_placed_by_chance(tmp_path):
    """Without the header the share is met all the same."""

    def nameless(text: str) -> str:
        return text.replace("x-user-id", "x-nobody-sends-this")

    async with a_haproxy(tmp_path, edit=nameless) as (actuator, port):
        await actuator.set_weight(Weight(1000))

        assert is_within_three_errors(len(await served_by_optimized(port)), 0.1)


async def test_by_weights_users_are_steered(tmp_path):
    """1, 10, 50, 100 and 0 % of 2,000 users, whoever is next: within three standard errors."""

    def round_robin(text: str) -> str:
        return text.replace("balance hdr(x-user-id)", "balance roundrobin").replace(
            "hash-type consistent sdbm avalanche", ""
        )

    async with a_haproxy(tmp_path, BY_WEIGHTS, round_robin) as (actuator, port):
        for percent in (1, 10, 50, 100, 0):
            await actuator.set_weight(Weight(percent * 100))
            served = await served_by_optimized(port)
            assert is_within_three_errors(len(served), percent / 100)


async def test_by_weights_a_rising_one_moves_few_users_back(tmp_path):
    """With the shipped consistent hash; its shares are coarse, for the ring has few points."""
    async with a_haproxy(tmp_path, BY_WEIGHTS) as (actuator, port):
        before: set[int] = set()
        for percent in (10, 25, 50, 100):
            await actuator.set_weight(Weight(percent * 100))
            served = await served_by_optimized(port)
            assert len(before - served) <= len(before) * 0.02
            before = served
        assert len(before) == 2000


@pytest.mark.parametrize("name", [BY_MAP, BY_WEIGHTS])
async def test_a_climb_that_was_given_up_does_not_overtake_the_roll_back(name, tmp_path):
    """HAProxy's threads do what two connections say in any order: one is waited for."""
    async with a_haproxy(tmp_path, name) as (actuator, _):
        for attempt in range(60):
            async with asyncio.TaskGroup() as tasks:
                climb = tasks.create_task(actuator.set_weight(Weight(2500)))
                await asyncio.wait([climb], timeout=attempt % 20 * 1e-4)
                climb.cancel()
            await actuator.set_weight(Weight(0))
            assert await actuator.read_weight() == 0


@pytest.mark.parametrize("weight", [10, 9990])
async def test_a_share_that_is_too_fine_for_weights_is_refused(weight, tmp_path):
    """It says which share would be the closest."""
    async with a_haproxy(tmp_path, BY_WEIGHTS) as (actuator, _):
        with pytest.raises(ActuatorError, match=r"the closest is (0\.39|99\.61)%"):
            await actuator.set_weight(Weight(weight))
        assert await actuator.read_weight() == 0


async def test_a_backend_that_is_not_there_is_said(tmp_path):
    """In HAProxy's words, whichever way it is asked."""
    async with a_haproxy(tmp_path, BY_WEIGHTS, baseline=("base",)) as (actuator, _):
        with pytest.raises(ActuatorError, match="refused: No such server"):
            await actuator.set_weight(Weight(1000))
        with pytest.raises(ActuatorError, match="has no server base"):
            await actuator.read_weight()


async def test_a_map_that_is_not_there_is_said(tmp_path):
    """In HAProxy's words, whichever way it is asked."""
    async with a_haproxy(tmp_path, map="/no/such.map") as (actuator, _):
        with pytest.raises(ActuatorError, match="refused: Unknown map identifier"):
            await actuator.set_weight(Weight(1000))
        with pytest.raises(ActuatorError, match=r"does not show map /no/such\.map: Unknown map"):
            await actuator.read_weight()


async def test_an_entry_that_is_not_there_is_none_and_is_added(tmp_path):
    """A map may begin empty: nobody is served by the optimized model then."""
    async with a_haproxy(tmp_path, key="int4") as (actuator, _):
        assert await actuator.read_weight() == 0

        await actuator.set_weight(Weight(700))

        assert await actuator.read_weight() == 700


async def test_an_entry_that_is_no_share_is_said(tmp_path):
    """Somebody else wrote it."""
    async with a_haproxy(tmp_path) as (actuator, _):
        line = f"set map {tmp_path}/shadowmon.map int8 10001"
        await command(f"unix:{tmp_path}/admin.sock", line, seconds=2)

        with pytest.raises(ActuatorError, match=r"shadowmon\.map is 10001: it must be one figure"):
            await actuator.read_weight()


async def test_a_third_server_is_not_steered_past(tmp_path):
    """It would get a share that nobody decided."""

    def with_a_third(text: str) -> str:
        return text + "    server old 127.0.0.1:1 weight 5\n"

    async with a_haproxy(tmp_path, BY_WEIGHTS, with_a_third) as (actuator, _):
        await actuator.set_weight(Weight(1000))
        with pytest.raises(ActuatorError, match="also sends to old"):
            await actuator.read_weight()
