"""
From a model that gets worse to a person's pager, through real servers only.

Rules that wait for a minute are tried twice: as they are shipped, which is slow, and with six
seconds in place of each such minute. What they do around a minute is also what promtool tries, see
deploy/prometheus/tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.observe import free_address, receiver, start_alertmanager, start_prometheus

from tests.conftest import Prometheus, find
from tests.daemons import Model, Users, a_configuration, running
from tests.integration.observability.boards import RULES


CHAIN_SECONDS = 5.0
"""From the decision to the pager, at one scrape a second."""
MINUTES = ("for: 1m", "offset 1m")
"""How a rule says that it waits for a minute."""


class Pager:
    """Gets notifications, and knows when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str, dict[str, str]]] = []

    def __call__(self, notification: dict[str, Any]) -> None:
        """Take a notification as Alertmanager sends it."""
        for alert in notification["alerts"]:
            self.told.append((time.time(), alert["status"], alert["labels"]))

    def first(self, status: str, alert: str) -> float | None:
        """When was this told first?"""
        times = [
            at for at, is_now, who in self.told if (is_now, who["alertname"]) == (status, alert)
        ]
        return min(times, default=None)


def rules_with(minute: str, folder: Path) -> Sequence[Path]:
    """Return the shipped rules, with this wherever one waits for a minute."""
    written = []
    for file in RULES:
        text = file.read_text()
        for waits in MINUTES:
            text = text.replace(waits, waits.replace("1m", minute))
        written.append(folder / file.name)
        written[-1].write_text(text)
    return written


@contextlib.asynccontextmanager
async def watched(
    folder: Path, target: str, pager: Pager, rules: Sequence[Path]
) -> AsyncIterator[Prometheus]:
    """Scrape a daemon once a second, judge the rules, and tell the pager."""
    prometheus, alertmanager = free_address(), free_address()
    with contextlib.ExitStack() as servers:
        url = servers.enter_context(receiver(pager))
        start_alertmanager(servers, folder, alertmanager, pager=url)
        start_prometheus(
            servers,
            folder,
            prometheus,
            target=target,
            alertmanager=alertmanager,
            seconds=1.0,
            rules=rules,
        )
        yield Prometheus(f"http://{prometheus}")


def is_scraped(server: Prometheus) -> bool:
    """Has a scrape succeeded?"""
    try:
        targets = server.get("/api/v1/targets")["activeTargets"]
    except OSError:
        return False
    return [one["health"] for one in targets] == ["up"]


async def until(holds: Callable[[], object], seconds: float) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("minute", ["6s", pytest.param("1m", marks=pytest.mark.slow)])
async def test_from_a_bad_model_to_the_pager(minute: str, tmp_path: Path) -> None:
    """
    A red line pages within 5 s of the decision, and the page is over once the roll-back is done.

    What a person has to do then, to re-arm the trial, is a ticket; it lasts until it is done.
    """
    find("prometheus")
    find("prometheus-alertmanager")
    pager, red_line, ticket = Pager(), "ShadowmonRedLineBreached", "ShadowmonAwaitsReArm"
    baseline, optimized = Model("fp32"), Model("int8")
    async with baseline.serving(), optimized.serving():
        settings = a_configuration([baseline, optimized])
        console = settings["console"]["listen"]
        async with (
            running(tmp_path, settings) as daemon,
            watched(tmp_path, console, pager, rules_with(minute, tmp_path)) as server,
            Users(daemon).asking() as users,
        ):
            await until(lambda: is_scraped(server), seconds=15)
            optimized.behaviour = "wrong"
            await until(lambda: pager.first("firing", red_line), seconds=40)
            decided = [one for one in await daemon.journal() if one["kind"] == "verdict"]
            await until(lambda: pager.first("resolved", red_line), seconds=90)
            trial = await daemon.trial("int8")
            await until(lambda: pager.first("firing", ticket), seconds=30)
            optimized.behaviour = "good"
            reason = {"operator": "a test", "reason": "the model is mended"}
            status, answer = await daemon.post("/api/v1/trials/int8/re-arm", reason)
            assert status == 200, answer
            await until(lambda: pager.first("resolved", ticket), seconds=20)

    (verdict,) = [one for one in decided if one["data"]["grade"] == "red_line"]
    seen = pager.first("firing", red_line)
    assert seen is not None
    assert seen - moment(verdict["at"]) < CHAIN_SECONDS
    assert trial["state"]["phase"] == "rolled_back"
    assert trial["state"]["applied_weight"]["percent"] == 0
    assert users.errors == []
    labels = next(who for _, _, who in pager.told if who["alertname"] == red_line)
    assert (labels["trial"], labels["severity"]) == ("int8", "page")


def moment(written: str) -> float:
    """Return seconds since the epoch of a time as the journal writes it."""

    return datetime.fromisoformat(written).timestamp()
