"""A real nginx that loads the split which is written for it."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shadowmon.actuators.actuator import Actuator
from shadowmon.actuators.nginx import NginxSettings, NginxSplit
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight
from shadowmon.testing.actuators import ActuatorContract
from tests.conftest import find
from tests.places import a_place
from tests.ports import free_port
from tests.steered import (
    is_open,
    is_within_three_errors,
    running,
    served_by_optimized,
    two_models,
)


SHIPPED = Path(__file__).parents[3] / "deploy" / "nginx" / "nginx.conf"


@asynccontextmanager
async def an_nginx(folder: Path, **options: Any) -> AsyncIterator[tuple[NginxSplit, int]]:
    """Run the shipped configuration on a free port; yields what steers it, and that port."""
    nginx, listen = find("nginx"), free_port()
    async with two_models() as (baseline, optimized):
        text = SHIPPED.read_text().replace("0.0.0.0:10000", f"127.0.0.1:{listen}")
        for shipped in ("/run/nginx.pid", "/var/log/nginx/error.log", "/etc/nginx/shadowmon.conf"):
            text = text.replace(shipped, str(folder / Path(shipped).name))
        text = text.replace(":8001", f":{baseline}").replace(":8002", f":{optimized}")
        temporary = "".join(
            f"    {name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = text.replace("    access_log off;\n", f"    access_log off;\n{temporary}")
        (folder / "nginx.conf").write_text(text)
        split = folder / "shadowmon.conf"
        split.write_text('split_clients "$http_x_user_id" $shadowmon_model { * baseline; }\n')
        own = (nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", "nginx.conf")
        settings = NginxSettings.model_validate(
            {
                "file": split,
                "key": "$http_x_user_id",
                "test": (*own, "-t", "-q"),
                "reload": (*own, "-s", "reload"),
                **options,
            }
        )
        with running(*own, "-g", "daemon off;"):
            await is_open(listen)
            yield NginxSplit.of(settings, a_place()), listen


class TestNginx(ActuatorContract):
    """It keeps what every actuator promises."""

    weights = (Weight(1), Weight(2550), Weight(10_000), Weight(0))

    @asynccontextmanager
    async def opened(self, folder: Path) -> AsyncIterator[Actuator]:
        """See `ActuatorContract.opened`."""
        self.folder = folder
        async with an_nginx(folder) as (actuator, _):
            yield actuator

    async def meddle(self, actuator: Actuator) -> Weight | None:
        """See `ActuatorContract.meddle`."""
        del actuator
        split = 'split_clients "$http_x" $shadowmon_model {\n 40% optimized;\n * baseline;\n}\n'
        (self.folder / "shadowmon.conf").write_text(split)
        return Weight(4000)

    async def break_down(self, actuator: Actuator) -> bool:
        """See `ActuatorContract.break_down`."""
        del actuator
        (self.folder / "nginx.conf").unlink()
        return True


async def test_nginx_steers_by_its_split(tmp_path):
    """1, 10, 50, 100 and 0 % of 2,000 users, soon after it was set; nobody is moved back."""
    async with an_nginx(tmp_path) as (actuator, port):
        before: set[int] = set()
        for percent in (1, 10, 50, 100):
            await actuator.set_weight(Weight(percent * 100))
            served = await _steady(port, percent / 100)
            assert before <= served
            before = served
        await actuator.set_weight(Weight(0))
        assert await _steady(port, 0.0) == set()


async def _steady(port: int, share: float) -> set[int]:
    """Return who the optimized model serves, once the new workers do: within a few looks."""
    found = []
    for _ in range(10):
        served = await served_by_optimized(port)
        if is_within_three_errors(len(served), share):
            return served
        found.append(len(served))
        await asyncio.sleep(0.05)
    pytest.fail(f"{found} users, look after look, are served by it; the share is {share:g}")


async def test_what_nginx_will_not_load_is_put_back(tmp_path):
    """A split that fails the test never stays where nginx would find it at its next start."""
    async with an_nginx(tmp_path, variable="$http_user") as (actuator, port):
        before = (tmp_path / "shadowmon.conf").read_bytes()
        (tmp_path / "nginx.conf").write_text("events {} http { include shadowmon.conf; nonsense; }")

        with pytest.raises(ActuatorError, match='unknown directive "nonsense"'):
            await actuator.set_weight(Weight(1000))

        assert (tmp_path / "shadowmon.conf").read_bytes() == before
        assert await actuator.read_weight() is None
        assert await served_by_optimized(port) == set()
