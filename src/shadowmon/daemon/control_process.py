"""
The control process: store, trials, API, metrics, and the intake of whatever is told over HTTP.

`python -m shadowmon.daemon.control_process`. If it dies, the data plane goes on with the last
weights, the scoring workers go on counting, and its successor goes on where the last commit stands.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
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

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock, SystemClock
from shadowmon.config.settings import Settings
from shadowmon.config.wire import from_wire
from shadowmon.console.curve import Curve
from shadowmon.console.server import make_app, serve
from shadowmon.daemon import build
from shadowmon.daemon.books import CONTROL
from shadowmon.daemon.census import Census
from shadowmon.daemon.children import die_with_parent
from shadowmon.daemon.control import Control
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.events import serving_events
from shadowmon.daemon.ext_proc import observing_envoy
from shadowmon.daemon.handed_out import ASKED_BY_POST, hand_out
from shadowmon.daemon.labels import LabelDesk
from shadowmon.daemon.scoring_worker import read_whole
from shadowmon.errors import StoreError
from shadowmon.gates import gates
from shadowmon.ipc import counted, handover, report
from shadowmon.ipc.board import Board, Head
from shadowmon.notify.notifier import Notifier
from shadowmon.records import TrialId
from shadowmon.store.sql import SqlStore
from shadowmon.telemetry import logs
from shadowmon.telemetry.loop_lag import watch_lag
from shadowmon.telemetry.metrics import Collector
from shadowmon.telemetry.scrapes import Scrapes
from shadowmon.telemetry.tallies import Tallies
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.tap import Fate, make_tap


log = structlog.get_logger()

_GC_THRESHOLDS = (100_000, 20, 50)
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
    events: socket.socket | None
    ext_proc: socket.socket | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="shadowmon.daemon.control_process")
    for name in ("settings", "board", "handover", "report", "counted", "console", "lock"):
        parser.add_argument(f"--{name}-fd", type=int, required=True)
    parser.add_argument("--tap-fd", type=int)
    parser.add_argument("--events-fd", type=int)
    parser.add_argument("--ext-proc-fd", type=int)
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
        events=None if arguments.events_fd is None else _socket(arguments.events_fd),
        ext_proc=None if arguments.ext_proc_fd is None else _socket(arguments.ext_proc_fd),
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
        actuators = build.actuators(settings, given.board, clock)
        control = Control(
            plans=build.trial_plans(settings),
            store=store,
            saved=await store.load(),
            labels=LabelDesk(build.label_rules(settings), awaiting_max=settings.store.awaiting_max),
            actuators=actuators,
            board=given.board,
            tallies=tallies,
            clock=clock,
            tell_counted=partial(counted.tell, given.counted_fd),
        )
        async with _restored(control):
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
            notifier = Notifier(
                settings.notify,
                store,
                clock,
                view=desk.view,
                count=partial(tallies.add, "notifications_total"),
            )
            more = [
                *gates.routes(desk, clock),
                *notifier.routes(),
                *Curve(desk).routes(),
            ]
            events = serving_events(settings, given.events, given.handover, tallies, clock)
            console = _console(desk, given, actuators, more)
            envoy = observing_envoy(settings, given.ext_proc, given.handover, tallies, clock)
            async with console, _tap(given, tallies, clock), events, envoy:
                loop.add_reader(given.report, _take, given.report, control, census)
                async with asyncio.TaskGroup() as tasks:
                    seconds = settings.daemon.tick_seconds
                    ticks = tasks.create_task(_tick(control, desk, seconds, clock))
                    others = [
                        tasks.create_task(watch_lag(tallies, "control", clock)),
                        tasks.create_task(notifier.run()),
                    ]
                    await stopping.wait()
                    for task in (ticks, *others):
                        task.cancel()
                loop.remove_reader(given.report)
            _take(given.report, control, census)
            control.close_sessions()
            await control.tick()
    finally:
        await store.close()
    return 0


@contextlib.asynccontextmanager
async def _restored(control: Control) -> AsyncIterator[None]:
    await control.restore()
    # A look at many claims makes many short-lived objects: collecting each time took half of it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    try:
        yield
    finally:
        await control.close()


async def _tick(control: Control, desk: DaemonDesk, seconds: float, clock: Clock) -> None:
    due = clock.monotonic()
    while True:
        await control.tick()
        desk.draw()
        due = max(due + seconds, clock.monotonic())
        await clock.sleep(due - clock.monotonic())


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
async def _console(
    desk: DaemonDesk,
    given: _Given,
    actuators: Mapping[TrialId, Actuator],
    more: Sequence[web.RouteDef],
) -> AsyncIterator[None]:
    metrics = Scrapes(Collector(desk.view, given.board), SystemClock())
    app = make_app(
        desk,
        given.settings.console,
        metrics,
        more=more,
        asked_by_post=ASKED_BY_POST | gates.ASKED_BY_POST,
    )
    hand_out(app, given.settings, actuators, given.board)
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
