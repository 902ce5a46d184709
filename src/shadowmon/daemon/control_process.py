"""
The control process: store, trials, API, metrics, and the intake of whatever is told over HTTP.

`python -m shadowmon.daemon.control_process`. If it dies, the data plane goes on with the last
weights, the scoring workers go on counting, and its successor goes on where the last commit stands.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from aiohttp import web

from shadowmon.clock import Clock, SystemClock
from shadowmon.config.settings import Settings
from shadowmon.config.wire import from_wire
from shadowmon.console.server import make_app, serve
from shadowmon.daemon import build
from shadowmon.daemon.books import CONTROL
from shadowmon.daemon.census import Census
from shadowmon.daemon.children import die_with_parent
from shadowmon.daemon.control import Control
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.labels import LabelDesk
from shadowmon.daemon.scoring_worker import read_whole
from shadowmon.errors import StoreError
from shadowmon.ipc import counted, handover, report
from shadowmon.ipc.board import Board, Head
from shadowmon.records import TrialId
from shadowmon.store.sql import SqlStore
from shadowmon.telemetry import logs
from shadowmon.telemetry.metrics import Collector, exposition, registry_of
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.tap import Fate, make_tap


log = structlog.get_logger()

_REPORTS_MAX = 256
"""Reports that are taken in in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the supervisor handed over."""

    settings: Settings
    path: Path | None
    overrides: Mapping[str, Any]
    board: Board
    handover: socket.socket
    report: socket.socket
    console: socket.socket
    lock_fd: int
    counted_fd: int
    tap: socket.socket | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="shadowmon.daemon.control_process")
    for name in ("settings", "board", "handover", "report", "counted", "console", "lock"):
        parser.add_argument(f"--{name}-fd", type=int, required=True)
    parser.add_argument("--tap-fd", type=int)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--overrides", type=json.loads, default={})
    arguments = parser.parse_args(argv)
    die_with_parent(os.getppid())
    settings = from_wire(read_whole(arguments.settings_fd))
    logs.configure(settings.telemetry, process="control")
    given = _Given(
        settings=settings,
        path=arguments.path,
        overrides=arguments.overrides,
        board=Board(arguments.board_fd),
        handover=_socket(arguments.handover_fd),
        report=_socket(arguments.report_fd),
        console=_socket(arguments.console_fd),
        lock_fd=arguments.lock_fd,
        counted_fd=arguments.counted_fd,
        tap=None if arguments.tap_fd is None else _socket(arguments.tap_fd),
    )
    try:
        return asyncio.run(_run(given, SystemClock()))
    except StoreError as error:
        log.error("store.unusable", problem=str(error))  # noqa: TRY400 - no bug of ours
        return 1


def _socket(fd: int) -> socket.socket:
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return sock


async def _run(given: _Given, clock: Clock) -> int:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    settings, tallies, census = given.settings, Tallies(), Census()
    store = SqlStore(settings.store, lock_fd=given.lock_fd)
    await store.open()
    try:
        if given.board.head(Head.CONTROL_LIFE) == 0:
            # The board is new, so every worker that ever told anything has ended.
            accounts = (await store.load()).accounts
            await store.retire({worker for worker, _ in accounts} - {CONTROL})
        control = Control(
            plans=build.trial_plans(settings),
            store=store,
            saved=await store.load(),
            labels=LabelDesk(build.label_rules(settings), awaiting_max=settings.store.awaiting_max),
            actuators=build.actuators(settings, given.board),
            board=given.board,
            tallies=tallies,
            clock=clock,
            tell_counted=partial(counted.tell, given.counted_fd),
        )
        await control.restore()
        given.board.add_head(Head.CONTROL_LIFE)
        desk = DaemonDesk(
            settings=settings,
            path=given.path,
            overrides=given.overrides,
            control=control,
            store=store,
            board=given.board,
            census=census,
            tallies=tallies,
            clock=clock,
        )
        async with _console(desk, given), _tap(given, tallies, clock):
            loop.add_reader(given.report, _take, given.report, control, census)
            async with asyncio.TaskGroup() as tasks:
                ticks = tasks.create_task(_tick(control, desk, settings.daemon.tick_seconds, clock))
                lag = tasks.create_task(_watch_lag(tallies, clock))
                await stopping.wait()
                ticks.cancel()
                lag.cancel()
            loop.remove_reader(given.report)
        _take(given.report, control, census)
        control.close_sessions()
        await control.tick()
    finally:
        await store.close()
    return 0


async def _tick(control: Control, desk: DaemonDesk, seconds: float, clock: Clock) -> None:
    due = clock.monotonic()
    while True:
        await control.tick()
        desk.draw()
        due = max(due + seconds, clock.monotonic())
        await clock.sleep(due - clock.monotonic())


async def _watch_lag(tallies: Tallies, clock: Clock) -> None:
    """Measure how late the loop wakes up: the console's and the tap's answers wait as long."""
    interval = 0.5
    while True:
        before = clock.monotonic()
        await clock.sleep(interval)
        late = max(0.0, clock.monotonic() - before - interval)
        tallies.set("event_loop_lag_seconds", value=late)


def _take(sock: socket.socket, control: Control, census: Census) -> None:
    for _ in range(_REPORTS_MAX):
        try:
            told = report.receive(sock)
        except BlockingIOError:
            return
        if told is None:
            return
        control.take(told)
        census.take(told)
        control.variance_ratios = {
            TrialId(gauge.labels[0]): gauge.value
            for gauge in census.gauges()
            if gauge.name == "variance_ratio"
        }


@contextlib.asynccontextmanager
async def _console(desk: DaemonDesk, given: _Given) -> AsyncIterator[None]:
    registry = registry_of(Collector(desk.view, given.board))

    def metrics(accept: str) -> tuple[bytes, str]:
        return exposition(registry, accept)

    app = make_app(desk, given.settings.console, metrics)
    runner = await serve(app, given.settings.console, given.console)
    try:
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _tap(given: _Given, tallies: Tallies, clock: Clock) -> AsyncIterator[None]:
    if given.tap is None:
        yield
        return

    def hand_over(head: handover.ExchangeHead, body: bytes) -> bool:
        return bool(handover.send(given.handover, [handover.Parcel(head, [body])]))

    def count(fate: Fate) -> None:
        tallies.add("exchanges_total", "tap", fate.value)

    tap = make_tap(
        given.settings.traffic.tap,
        routes={
            name: route.model_copy(update={"sample_rate": build.first_rate(given.settings, name)})
            for name, route in given.settings.routes.items()
        },
        sampling=Sampling(given.settings.traffic.sampling_salt),
        hand_over=hand_over,
        count=count,
        clock=clock,
    )
    runner = web.ServerRunner(tap)
    await runner.setup()
    await web.SockSite(runner, given.tap).start()
    try:
        yield
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
