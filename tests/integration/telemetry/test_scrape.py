"""A real Prometheus reads what we write, and its alert fires."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from subprocess import CompletedProcess
from typing import Any

import pytest

from aiohttp import web

from shadowmon.ipc.board import Board
from shadowmon.records import Side
from shadowmon.telemetry.families import FAMILIES, PREFIX
from shadowmon.telemetry.metrics import Collector, exposition, registry_of
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import DaemonView, Sample
from tests.conftest import Prometheus
from tests.factories import NOON
from tests.integration.telemetry.test_rules import RULES
from tests.views import a_rule_view, a_trial_view, a_view


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
    text, _ = exposition(registry_of(Collector(lambda: view, board)), "")
    board.close()

    checked = promtool("check", "metrics", text=text.decode())

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not checked.stderr


@asynccontextmanager
async def served(snapshot: Callable[[], DaemonView]) -> AsyncIterator[str]:
    """Serve a collector over HTTP; gives host:port."""
    registry = registry_of(Collector(snapshot))

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = exposition(registry, request.headers.get("Accept", ""))
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


async def test_red_line_alert_fires(prometheus: Callable[[str], Prometheus]) -> None:
    """A red line that is crossed shows as a firing alert within seconds, and as nothing before."""
    breached = False

    def snapshot() -> DaemonView:
        rule = a_rule_view("core_quality", Side.WORSE, 9.0, breached=breached)
        now = datetime.now(UTC)
        return replace(a_full_view(), at=now, trials=(a_trial_view(rules=(rule,)),))

    async with served(snapshot) as address:
        server = await asyncio.to_thread(prometheus, configuration(address))
        await until(lambda: is_scraped(server))
        families = await asyncio.to_thread(server.get, "/api/v1/label/__name__/values")
        before = await asyncio.to_thread(firing, server)
        breached = True
        await until(lambda: bool(firing(server)))
        (alert,) = await asyncio.to_thread(firing, server)

    assert before == []
    assert alert["labels"] == {
        "alertname": "ShadowmonRedLineBreached",
        "severity": "critical",
        "trial": "int8",
        "rule": "core_quality",
    }
    assert alert["annotations"]["summary"] == "Trial int8 crossed its red line core_quality"
    assert f"{PREFIX}user_answer_duration_seconds_bucket" in families
    assert f"{PREFIX}evidence_log_e_value" in families


def configuration(address: str) -> str:
    """Return a configuration that scrapes and judges as often as it can."""
    return f"""
global: {{scrape_interval: 300ms, evaluation_interval: 300ms}}
rule_files: ["{RULES}"]
scrape_configs:
  - job_name: shadowmon
    static_configs: [{{targets: ["{address}"]}}]
"""


def is_scraped(server: Prometheus) -> bool:
    """Say whether a scrape has succeeded."""
    return [one["health"] for one in server.get("/api/v1/targets")["activeTargets"]] == ["up"]


def firing(server: Prometheus) -> list[dict[str, Any]]:
    """Return the alerts that fire now; others may be pending."""
    return [one for one in server.get("/api/v1/alerts")["alerts"] if one["state"] == "firing"]


async def until(holds: Callable[[], bool]) -> None:
    """Ask until it holds, beside the server of this test; fail after 15 s."""
    async with asyncio.timeout(15):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)
