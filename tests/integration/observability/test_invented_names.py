"""
What strangers write into requests becomes no label, on a real daemon.

A slice is named by the configuration, and so are routes, models and trials: a request only says to
which of them it belongs. tests/integration/telemetry/test_scrape.py holds the bounds of a scrape
for the case that a bug, or ten thousand former slices, lets names through all the same.
"""

from __future__ import annotations

import asyncio

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from prometheus_client.parser import text_string_to_metric_families

from tests.daemons import Daemon, Model, a_configuration, running


REQUESTS = 2_000
"""Each invents five names: 10,000 together."""
AT_ONCE = 40
INVENTED = "zz-"
SLICES = {"strangers": {"header": "x-tenant", "matches": "^zz"}}
"""One slice, to which every one of the invented tenants belongs."""


@dataclass(kw_only=True)
class Stranger:
    """Asks what nobody has asked before."""

    url: str
    session: aiohttp.ClientSession
    statuses: list[int] = field(default_factory=list)

    async def ask(self, number: int) -> None:
        """Send one request; every fourth is on a route that there is not."""
        name = f"{INVENTED}{number}"
        path = f"/v2/models/{'digits' if number % 4 else name}/infer?{name}={name}"
        tensor = {"name": name, "datatype": "FP32", "shape": [1], "data": [number % 10]}
        headers = {
            "x-request-id": name,
            "x-user-id": name,
            "x-tenant": f"{name}-\udcff\udced\udca0\udc80",  # bytes that are no UTF-8
            "user-agent": name,
        }
        body = {"inputs": [tensor], "id": name, "parameters": {"model": name, name: name}}
        async with self.session.post(self.url + path, json=body, headers=headers) as answer:
            await answer.read()
            self.statuses.append(answer.status)

    async def ask_all(self) -> None:
        """Send all of them, a few at a time."""
        numbers = iter(range(REQUESTS))

        async def some() -> None:
            for number in numbers:
                await self.ask(number)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(some())


async def test_ten_thousand_names_are_no_series(tmp_path: Path) -> None:
    """They are counted by what became of the requests, and no series is called by one of them."""
    models = [Model("fp32"), Model("int8")]
    async with models[0].serving(), models[1].serving(), aiohttp.ClientSession() as session:
        settings = a_configuration(models)
        settings["traffic"] = {"slices": SLICES}
        async with running(tmp_path, settings) as daemon:
            stranger = Stranger(url=f"http://{settings['proxy']['listen']}", session=session)
            before = await scraped(daemon)
            await stranger.ask_all()
            await daemon.until(lambda: all_are_counted(daemon))
            after = await scraped(daemon)

    assert [status for status in stranger.statuses if status >= 500] == []
    assert {told for told in after if INVENTED in str(told)} == set()
    assert set(slices(after)) == {"all", "strangers"}
    assert funnel(after)["unrouted"] == REQUESTS // 4
    assert len(after) - len(before) < 300


async def all_are_counted(daemon: Daemon) -> bool:
    """Is everything accounted for that was asked?"""
    now = funnel(await scraped(daemon))
    return now["seen"] == REQUESTS and now["scored"] > REQUESTS / 10


Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(daemon: Daemon) -> Series:
    """Return the newest scrape."""
    text: Any = await daemon.get("/metrics")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def funnel(series: Series) -> dict[str, float]:
    """Return how many requests came as far as each stage."""
    return {
        dict(labels)["stage"]: value
        for (name, labels), value in series.items()
        if name == "shadowmon_funnel_total"
    }


def slices(series: Series) -> Iterator[str]:
    """Give the slices that series are about."""
    return (dict(labels)["slice"] for _, labels in series if "slice" in dict(labels))
