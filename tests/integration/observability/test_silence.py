"""
Shadowing that falls silent on a real daemon, and the cause that ShadowmonShadowSilent gives.

Two real scrapes, one before and one after traffic of a kind that makes no pairs, are laid out over
twenty minutes, with what was counted in between spread evenly: the alert waits for ten of them. All
series of the daemon go in, and the rules are the shipped ones. Only the time is stretched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import aiohttp
import pytest
import yaml

from prometheus_client.parser import text_string_to_metric_families

from shadowmon.telemetry.scrapes import FRESH_SECONDS
from tests.daemons import Daemon, Model, a_configuration, running
from tests.integration.observability.boards import RULES


MINUTES = 20
REQUESTS = 40
TEE_BYTES = 2_000
SETTLE_SECONDS = FRESH_SECONDS + 0.4
"""Until what was done stands in a scrape: reports, ticks, and a scrape that is kept for others."""

Promtool = Callable[..., CompletedProcess[str]]
Scrape = Mapping[str, tuple[bool, float]]
"""Series, as PromQL writes it -> does it only grow?, and its value."""


# --- what users do ---


@dataclass(kw_only=True)
class Scene:
    """A daemon, its two models, and users who can be told what to do."""

    daemon: Daemon
    baseline: Model
    session: aiohttp.ClientSession
    asked: int = field(default=0)

    async def ask(self, **changes: Any) -> None:
        """Ask one question as users do, but for the changes."""
        self.asked += 1
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [3]}]}
        request = {"method": "POST", "path": "/v2/models/digits/infer", "json": body} | changes
        url = f"http://{self.daemon.settings['proxy']['listen']}{request.pop('path')}"
        headers = {"x-user-id": f"user-{self.asked}", "x-request-id": f"x-{self.asked}"}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.session.request(url=url, headers=headers, **request) as answer:
                await answer.read()

    async def many(self, **changes: Any) -> None:
        """Ask many such questions, all at once."""
        await asyncio.gather(*(self.ask(**changes) for _ in range(REQUESTS)))


async def no_traffic(scene: Scene) -> None:
    """Nobody asks."""
    del scene


async def unrouted(scene: Scene) -> None:
    """All requests are for a path that no route has."""
    await scene.many(path="/v2/models/letters/infer")


async def oversize(scene: Scene) -> None:
    """All requests are larger than the proxy hands over."""
    data = [3, *([0] * TEE_BYTES)]
    tensor = {"name": "x", "datatype": "FP32", "shape": [len(data)], "data": data}
    await scene.many(json={"inputs": [tensor]})


async def refused(scene: Scene) -> None:
    """The codec understands no request."""
    await scene.many(json={"inputs": [{"data": [3]}], "parameters": 7})


async def skipped(scene: Scene) -> None:
    """All requests are of a kind that must not be mirrored."""
    await scene.many(method="GET", path="/v2/models/digits/ready", json=None)


async def truncated(scene: Scene) -> None:
    """The baseline cuts each answer."""
    scene.baseline.behaviour = "reset"
    await scene.many()
    scene.baseline.behaviour = "good"


async def client_gone(scene: Scene) -> None:
    """Users leave before they have their answer."""
    scene.baseline.behaviour = "late"
    await scene.many(timeout=aiohttp.ClientTimeout(total=0.3))
    scene.baseline.behaviour = "good"


async def as_usual(scene: Scene) -> None:
    """Users ask what they always ask."""
    await scene.many()


# --- one daemon for each configuration ---


Silence = Callable[[Scene], Awaitable[None]]

ON_ONE_DAEMON: Mapping[str, Silence] = {
    "no_traffic": no_traffic,
    "unrouted": unrouted,
    "oversize": oversize,
    "refused": refused,
    "skipped": skipped,
    "unpaired_baseline_truncated": truncated,
    "unpaired_client_gone": client_gone,
}

BY_CONFIGURATION: Mapping[str, dict[str, Any]] = {
    "sampled_out": {"routes": {"digits": {"sample_rate": 0.0}}},
    "budgeted_out": {"models": {"int8": {"budget": {"requests_per_second": 0.001}}}},
}


@contextlib.asynccontextmanager
async def a_scene(folder: Path, changes: Mapping[str, Any]) -> AsyncIterator[Scene]:
    """Run a daemon whose trial is shadowing, and stays so."""
    baseline, optimized = Model("fp32"), Model("int8")
    async with baseline.serving(), optimized.serving(), aiohttp.ClientSession() as session:
        settings = a_configuration([baseline, optimized])
        settings["rollout"] = {"climb": False}
        settings["proxy"] |= {"tee_body_max_bytes": TEE_BYTES}
        for section, members in changes.items():
            for name, more in members.items():
                settings[section][name] |= more
        async with running(folder, settings) as daemon:
            yield Scene(daemon=daemon, baseline=baseline, session=session)


async def scraped(daemon: Daemon) -> Scrape:
    """Return all series of a scrape, once it shows all that was done."""
    await asyncio.sleep(SETTLE_SECONDS)
    families = text_string_to_metric_families(await daemon.get("/metrics"))
    return {
        series(sample.name, {**sample.labels, "job": "shadowmon", "instance": "a"}): (
            family.type in {"counter", "histogram"},
            sample.value,
        )
        for family in families
        for sample in family.samples
    }


def series(name: str, labels: Mapping[str, str]) -> str:
    """Write a series' name and labels as PromQL does."""
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}"


def expected(before: Scrape, after: Scrape, cause: str | None) -> dict[str, Any]:
    """Return promtool's case: this happened for twenty minutes, and at their end this is told."""
    inputs = [
        {"series": name, "values": stretched(before.get(name, (grows, 0.0))[1], value, grows=grows)}
        for name, (grows, value) in after.items()
    ]
    alert = {"alertname": "ShadowmonShadowSilent", "alertstate": "firing", "severity": "ticket"}
    labels = alert | {"trial": "int8", "job": "shadowmon", "instance": "a", "cause": cause or ""}
    samples = [{"labels": series("ALERTS", labels), "value": 1}] if cause else []
    asked = 'ALERTS{alertname="ShadowmonShadowSilent",alertstate="firing"}'
    told = {"expr": asked, "eval_time": f"{MINUTES}m", "exp_samples": samples}
    return {
        "rule_files": [str(file) for file in RULES],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": [told]}],
    }


def stretched(first: float, last: float, *, grows: bool) -> str:
    """Write a counter as growing evenly, and a gauge as it was in the end."""
    return f"{first:f}+{(last - first) / MINUTES:f}x{MINUTES}" if grows else f"{last}x{MINUTES}"


def check(promtool: Promtool, folder: Path, case: dict[str, Any]) -> None:
    """Let Prometheus' own tool judge a case."""
    file = folder / "silence.test.yml"
    file.write_text(yaml.safe_dump(case))
    checked = promtool("test", "rules", file)
    assert checked.returncode == 0, (checked.stdout + checked.stderr)[-2000:]


async def test_silence_that_users_cause(tmp_path: Path, promtool: Promtool) -> None:
    """Whatever users or models do that makes no pairs, the alert names it; pairs keep it quiet."""
    async with a_scene(tmp_path, {}) as scene:
        before = await scraped(scene.daemon)
        await as_usual(scene)
        after = await scraped(scene.daemon)
        check(promtool, tmp_path, expected(before, after, None))
        for cause, silence in ON_ONE_DAEMON.items():
            before = after
            await silence(scene)
            after = await scraped(scene.daemon)
            check(promtool, tmp_path, expected(before, after, cause))


@pytest.mark.parametrize("cause", BY_CONFIGURATION)
async def test_silence_that_the_configuration_causes(
    cause: str, tmp_path: Path, promtool: Promtool
) -> None:
    """Traffic is as usual, the configuration lets none be scored, and the alert says how."""
    async with a_scene(tmp_path, BY_CONFIGURATION[cause]) as scene:
        await as_usual(scene)  # a budget's first second
        before = await scraped(scene.daemon)
        await as_usual(scene)
        check(promtool, tmp_path, expected(before, await scraped(scene.daemon), cause))


async def test_silence_of_a_worker_that_hangs(tmp_path: Path, promtool: Promtool) -> None:
    """Exchanges that no scoring worker takes are the cause, not the traffic."""
    async with a_scene(tmp_path, {}) as scene:
        await as_usual(scene)
        before = await scraped(scene.daemon)
        worker = scene.daemon.child("scoring-0")
        os.kill(worker, signal.SIGSTOP)
        try:
            await as_usual(scene)
            after = await scraped(scene.daemon)
        finally:
            os.kill(worker, signal.SIGCONT)
    check(promtool, tmp_path, expected(before, after, "not_taken"))


def test_there_are_more_than_six_causes() -> None:
    """The promise was six."""
    assert len(ON_ONE_DAEMON) + len(BY_CONFIGURATION) > 6
