"""A real Prometheus reads what we write, whatever strangers put into it."""

from __future__ import annotations

import asyncio
import urllib.parse

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from subprocess import CompletedProcess

import pytest

from aiohttp import web

from shadowmon.clock import SystemClock
from shadowmon.ipc.board import Board
from shadowmon.records import Side, SliceName
from shadowmon.telemetry.families import FAMILIES
from shadowmon.telemetry.metrics import Collector, exposition
from shadowmon.telemetry.scrapes import Scrapes
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import DaemonView, Sample, SliceView
from tests.conftest import Prometheus
from tests.factories import NOON
from tests.views import a_claim, a_figure, a_rule_view, a_trial_view, a_view


def a_full_view() -> DaemonView:
    """Return a view in which every kind of number there is occurs."""
    tallies = Tallies()
    for family in FAMILIES:
        labels = ["int8"] * len(family.labels)
        if family.buckets:
            tallies.observe(family.name, *labels, value=0.3)
        elif family.name.endswith("_total"):
            tallies.add(family.name, *labels)
    told = (Sample(name=one.name, labels=one.labels, value=one.value) for one in tallies.snapshot())
    return a_view(samples=tuple(told), answers={"baseline": ((1,) * 12, 3.5)})


@pytest.mark.parametrize(
    "view",
    [
        a_full_view(),
        DaemonView(at=NOON, started_at=NOON, version="0.1.0", trials=(), funnel={}),
    ],
    ids=["full", "empty"],
)
def test_promtool_reads_it(
    promtool: Callable[..., CompletedProcess[str]], view: DaemonView
) -> None:
    """Prometheus' own tool reads the text and finds nothing in the names to complain about."""
    board = Board.create()
    text, _ = exposition(Collector(lambda: view, board), "")
    board.close()

    checked = promtool("check", "metrics", text=text.decode())

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not checked.stderr


@asynccontextmanager
async def served(snapshot: Callable[[], DaemonView]) -> AsyncIterator[str]:
    """Serve a collector over HTTP; gives host:port."""
    scrapes = Scrapes(Collector(snapshot), SystemClock())

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = await scrapes(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()


async def test_strangers_cannot_break_a_scrape(
    prometheus: Callable[[str], Prometheus],
) -> None:
    """10,000 names of routes and of slices, none in UTF-8: up stays 1, in time, < 20,000 series."""
    view = a_flooded_view()

    async with served(lambda: view) as address:
        server = await asyncio.to_thread(prometheus, configuration(address))
        await until(lambda: len(values(server, "up[1m]")) >= 3)
        (up, seconds, series) = await asyncio.gather(
            *(
                asyncio.to_thread(values, server, asked)
                for asked in ("up[1m]", "scrape_duration_seconds[1m]", "scrape_samples_scraped[1m]")
            )
        )

    assert set(up) == {1.0}
    assert min(seconds) < 0.25
    assert max(series) < 20_000


def a_flooded_view() -> DaemonView:
    """
    Return a view whose workers were told 10,000 names by strangers, and of 10,000 slices.

    A configuration has at most 1,000 slices; but those of former ones stay in a trial's evidence.
    Each has a figure, a red line of its own, and a plan of how many pairs it takes.
    """
    tallies = Tallies()
    for number in range(10_000):
        stranger = f"\ud800 route {number}"
        tallies.add("skipped_total", stranger, "write")
        tallies.observe("reply_duration_seconds", stranger, value=0.3, exemplar=("\ud800", ""))
    told, moment = (
        tuple(Sample(name=one.name, labels=one.labels, value=one.value) for one in each)
        for each in (tallies.snapshot(), tallies.gauges())
    )
    slices = [SliceName(f"\ud800{number}") for number in range(10_000)]
    rule = a_rule_view("edge", Side.WORSE)
    trial = a_trial_view(
        figures=tuple(a_figure(slice=name) for name in slices),
        rules=tuple(
            replace(rule, evidence=replace(rule.evidence, claim=a_claim(Side.WORSE, slice=name)))
            for name in slices
        ),
        coverage=tuple(
            SliceView(slice=name, cover="under_way", planned_pairs=4_000, seen_pairs=40)
            for name in slices
        ),
    )
    return a_view(trial, samples=told, gauges=moment)


def configuration(address: str) -> str:
    """Return a configuration that scrapes as often as it can."""
    return f"""
global: {{scrape_interval: 300ms, evaluation_interval: 300ms}}
scrape_configs:
  - job_name: shadowmon
    static_configs: [{{targets: ["{address}"]}}]
"""


def values(server: Prometheus, asked: str) -> list[float]:
    """Return the numbers of the one series that a range selector finds; none if there is none."""
    found = server.get(f"/api/v1/query?{urllib.parse.urlencode({'query': asked})}")["result"]
    return [float(value) for _, value in found[0]["values"]] if found else []


async def until(holds: Callable[[], bool]) -> None:
    """Ask until it holds, beside the server of this test; fail after 15 s."""
    async with asyncio.timeout(15):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)
