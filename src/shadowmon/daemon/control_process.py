"""
The control process: store, trials, API, metrics, and the intake of whatever is told over HTTP.

`python -m shadowmon.daemon.control_process`. If it dies, the data plane goes on with the last
weights, the scoring workers go on counting, and its successor goes on where the last commit stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from shadowmon.actuators.actuator import Actuator
from shadowmon.clock import Clock, SystemClock
from shadowmon.daemon import build
from shadowmon.daemon.books import CONTROL
from shadowmon.daemon.census import Census
from shadowmon.daemon.children import die_with_parent
from shadowmon.daemon.console_face import serving_console
from shadowmon.daemon.control import Control
from shadowmon.daemon.desk import DaemonDesk
from shadowmon.daemon.events import serving_events
from shadowmon.daemon.ext_proc import observing_envoy
from shadowmon.daemon.given import Given
from shadowmon.daemon.labels import LabelDesk
from shadowmon.daemon.tapping import serving_tap
from shadowmon.errors import StoreError
from shadowmon.evidence.variance_ratio import of_parts
from shadowmon.ipc import counted, report
from shadowmon.ipc.board import Head
from shadowmon.notify.notifier import Notifier
from shadowmon.records import TrialId
from shadowmon.store.orders import OrderFile
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Store
from shadowmon.telemetry import logs
from shadowmon.telemetry.loop_lag import watch_lag
from shadowmon.telemetry.tallies import Tallies


log = structlog.get_logger()

_GC_THRESHOLDS = (100_000, 20, 50)
_REPORTS_MAX = 256
"""Reports that are taken in in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What there is in this process besides the control loop."""

    clock: Clock
    store: Store
    actuators: Mapping[TrialId, Actuator]
    tallies: Tallies = field(default_factory=Tallies)
    census: Census = field(default_factory=Census)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    die_with_parent(os.getppid())
    given = Given.of(argv)
    logs.configure(given.settings.telemetry, process="control")
    try:
        return asyncio.run(_run(given, SystemClock()))
    except StoreError as error:
        log.error("store.unusable", problem=str(error))  # noqa: TRY400 - no bug of ours
        return 1


async def _run(given: Given, clock: Clock) -> int:
    stopping = _stopping()
    actuators = build.actuators(given.settings, given.board, clock)
    async with _opened(given) as store:
        parts = _Parts(clock=clock, store=store, actuators=actuators)
        control = await _control(given, parts)
        async with _restored(control):
            given.board.add_head(Head.CONTROL_LIFE)
            desk = _desk(given, parts, control)
            notifier = _notifier(given, parts, control, desk)
            async with (
                _serving(given, parts, desk, notifier),
                _reports(given, parts, control),
                asyncio.TaskGroup() as tasks,
            ):
                seconds = given.settings.daemon.tick_seconds
                working = [
                    tasks.create_task(_tick(control, desk, seconds, clock)),
                    tasks.create_task(watch_lag(parts.tallies, "control", clock)),
                    tasks.create_task(notifier.run()),
                ]
                await stopping.wait()
                for task in working:
                    task.cancel()
            _take(given.report, control, parts)
            control.close_sessions()
            await control.tick()
    return 0


def _stopping() -> asyncio.Event:
    """Return what SIGTERM sets. SIGINT is the supervisor's business: it reaches us, too."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    return stopping


# --- what there is ---


@contextlib.asynccontextmanager
async def _opened(given: Given) -> AsyncIterator[Store]:
    store = SqlStore(given.settings.store, lock_fd=given.lock_fd)
    await store.open()
    try:
        if given.board.head(Head.CONTROL_LIFE) == 0:
            # The board is new, so every worker that ever told anything has ended.
            accounts = (await store.load()).accounts
            await store.retire({worker for worker, _ in accounts} - {CONTROL})
        yield store
    finally:
        await store.close()


async def _control(given: Given, parts: _Parts) -> Control:
    settings = given.settings
    return Control(
        plans=build.trial_plans(settings),
        store=parts.store,
        orders=OrderFile(settings.store.path),
        saved=await parts.store.load(),
        labels=LabelDesk(build.label_rules(settings), awaiting_max=settings.store.awaiting_max),
        actuators=parts.actuators,
        board=given.board,
        tallies=parts.tallies,
        clock=parts.clock,
        tell_counted=partial(counted.tell, given.counted_fd),
    )


def _desk(given: Given, parts: _Parts, control: Control) -> DaemonDesk:
    return DaemonDesk(
        settings=given.settings,
        path=given.path,
        overrides=given.overrides,
        control=control,
        store=parts.store,
        board=given.board,
        census=parts.census,
        tallies=parts.tallies,
        clock=parts.clock,
    )


def _notifier(given: Given, parts: _Parts, control: Control, desk: DaemonDesk) -> Notifier:
    return Notifier(
        given.settings.notify,
        parts.store,
        parts.clock,
        view=desk.view,
        count=partial(parts.tallies.add, "notifications_total"),
        unwritten=lambda: control.remembering.unwritten,
    )


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
        await desk.conclude_reviews()
        desk.draw()
        due = max(due + seconds, clock.monotonic())
        await clock.sleep(due - clock.monotonic())


# --- what comes in ---


@contextlib.asynccontextmanager
async def _serving(
    given: Given, parts: _Parts, desk: DaemonDesk, notifier: Notifier
) -> AsyncIterator[None]:
    """Serve the console, and every listener for traffic that is configured."""
    settings = given.settings
    console = serving_console(
        desk,
        settings,
        given.console,
        board=given.board,
        actuators=parts.actuators,
        notifier=notifier,
        clock=parts.clock,
    )
    ours = (given.handover, parts.tallies, parts.clock)
    tap = serving_tap(settings, given.tap, *ours)
    events = serving_events(settings, given.events, *ours)
    envoy = observing_envoy(settings, given.ext_proc, *ours)
    async with console, tap, events, envoy:
        yield


@contextlib.asynccontextmanager
async def _reports(given: Given, parts: _Parts, control: Control) -> AsyncIterator[None]:
    """Take workers' reports in as they come."""
    loop = asyncio.get_running_loop()
    loop.add_reader(given.report, _take, given.report, control, parts)
    try:
        yield
    finally:
        loop.remove_reader(given.report)


def _take(sock: socket.socket, control: Control, parts: _Parts) -> None:
    for told in _waiting(sock):
        control.take(told)
        parts.census.take(told)
        parts.census.hear(told.worker, parts.clock.monotonic())
    control.variance_ratios = {
        TrialId(name): of_parts(ratios)
        for (name,), ratios in parts.census.by_worker("variance_ratio").items()
    }


def _waiting(sock: socket.socket) -> Iterator[report.Report]:
    """Give the reports that are there, but no more than in one go: ticks must not wait for long."""
    for _ in range(_REPORTS_MAX):
        try:
            told = report.receive(sock)
        except BlockingIOError:
            return
        if told is None:
            return
        yield told


if __name__ == "__main__":
    raise SystemExit(main())
