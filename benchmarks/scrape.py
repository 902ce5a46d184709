"""
What a scrape of a large daemon takes, and how long it holds the event loop up.

50 trials, each with 10 metrics in each of 20 slices and 12 rules: far more series than one would
have, for a trial shows its slices of the primary metric only.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from dataclasses import replace

from aiohttp import web

from shadowmon.clock import SystemClock
from shadowmon.records import MetricName, Side, SliceName, TrialId
from shadowmon.telemetry.metrics import Collector
from shadowmon.telemetry.scrapes import FRESH_SECONDS, Scrapes
from shadowmon.view import DaemonView
from tests.views import a_figure, a_rule_view, a_trial_view, a_view


TRIALS, METRICS, SLICES, RULES = 50, 10, 20, 12
CLIMB_RULES = 3
GOAL_SECONDS, GOAL_LAG_SECONDS = 0.25, 0.05
TICK_SECONDS = 0.001


def main(quick: bool = False) -> None:
    """Print the table."""
    view = a_large_view()
    rows = {
        "text format": asyncio.run(measured(view, "", rounds=3 if quick else 10)),
        "OpenMetrics": asyncio.run(
            measured(view, "application/openmetrics-text;version=1.0.0", rounds=3 if quick else 10)
        ),
    }
    print(f"\nA scrape of {TRIALS} trials x {METRICS} metrics x {SLICES} slices")
    head = f"{'format':12} {'series':>8} {'MB':>6} {'median s':>9} {'max s':>7}"
    print(f"  {head} {'loop held up, max s':>20}")
    for name, (series, size, seconds, lag) in rows.items():
        print(
            f"  {name:12} {series:>8,} {size / 1e6:>6.1f} {statistics.median(seconds):>9.3f} "
            f"{max(seconds):>7.3f} {lag:>20.3f}"
        )
    print(f"  goals: {GOAL_SECONDS:g} s a scrape, {GOAL_LAG_SECONDS:g} s for the loop")


def a_large_view() -> DaemonView:
    """Return a daemon with as much to show as the goal says."""
    base = a_figure()
    figures = tuple(
        replace(
            base,
            metric=replace(base.metric, name=MetricName(f"metric_{metric}")),
            slice=SliceName(f"slice_{part}"),
        )
        for metric in range(METRICS)
        for part in range(SLICES)
    )
    rules = tuple(
        a_rule_view(f"rule_{number}", Side.BETTER if number < CLIMB_RULES else Side.WORSE)
        for number in range(RULES)
    )
    return a_view(
        *(
            a_trial_view(
                trial_id=TrialId(f"trial_{number}"), number=number, figures=figures, rules=rules
            )
            for number in range(TRIALS)
        )
    )


async def measured(
    view: DaemonView, accept: str, *, rounds: int
) -> tuple[int, int, list[float], float]:
    """Scrape over HTTP; return series, bytes, seconds of each scrape, the loop's longest lag."""
    scrapes = Scrapes(Collector(lambda: view), SystemClock())

    async def metrics(_: web.Request) -> web.Response:
        body, content_type = await scrapes(accept)
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    seconds, lags = [], [0.0]
    for _ in range(rounds):
        await asyncio.sleep(FRESH_SECONDS)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_watch(lags))
            seconds.append(await _asked(url))
            watching.cancel()
    await runner.cleanup()
    body, _ = await scrapes(accept)
    series = sum(not line.startswith(b"#") for line in body.splitlines())
    return series, len(body), seconds, max(lags)


async def _asked(url: str) -> float:
    """Scrape from a process of its own, as Prometheus does; return its seconds."""
    program = (
        "import sys, time, urllib.request as u; began = time.perf_counter(); "
        "u.urlopen(sys.argv[1]).read(); print(time.perf_counter() - began)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return float(told)


async def _watch(lags: list[float]) -> None:
    """Notice how late the loop wakes up."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        lags.append(time.perf_counter() - before - TICK_SECONDS)


if __name__ == "__main__":
    main()
