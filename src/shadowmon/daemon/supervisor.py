"""
`shadowmon run`: the parent of all processes. It opens what they share, and keeps them running.

It holds the listening sockets, so that a process that dies or is exchanged loses no connection; the
board, so that the data plane goes on with the last weights; and the store's lock. It handles no
request, opens no database and decides nothing.

Rule 1: the data plane depends on no other process. It is started even if the others cannot be.
Rule 2: a new configuration is a new generation of processes on the same sockets, or no change.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import socket
import sys

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from shadowmon.clock import Clock, SystemClock
from shadowmon.config.load import load
from shadowmon.config.settings import Settings
from shadowmon.config.wire import to_wire
from shadowmon.daemon.carrying import carry_weights
from shadowmon.daemon.certificates import refuse_what_cannot_be_used
from shadowmon.daemon.children import Child, Command
from shadowmon.daemon.proxy_plan import proxy_plan
from shadowmon.daemon.reload import refuse_what_cannot_change
from shadowmon.daemon.sockets import Sockets
from shadowmon.errors import ConfigError, StoreError
from shadowmon.ipc import counted, handover, report
from shadowmon.ipc.board import Board, Head
from shadowmon.store import lock
from shadowmon.telemetry import logs


log = structlog.get_logger()

_CONTROL_SECONDS = 5.0
"""How long the data plane waits at start for the weights of before; it starts without them then."""
_LAST_START_SECONDS = 0.1
"""A process that was just being started when all were told to stop has its descriptors by then."""
_STOP_SECONDS = 5.0
_SERVING_SECONDS = 10.0
"""New workers that do not serve by then are worth an error in the log."""
_LOCK_SECONDS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a configuration comes from, so that it can be read again."""

    path: Path | None
    overrides: Mapping[str, Any]

    def load(self) -> Settings:
        """
        Read it.

        Raises:
            ConfigError: If it cannot be used.

        """
        return load(self.path, environment=os.environ, overrides=self.overrides)


def main(path: Path | None, overrides: Mapping[str, Any]) -> int:
    """Run the daemon until it is told to stop; return its exit code."""
    origin = Origin(path=path, overrides=overrides)
    try:
        settings = origin.load()
        logs.configure(settings.telemetry, process="supervisor")
        refuse_what_cannot_be_used(settings)
        lock_fd = _hold_lock(settings.store.path, SystemClock())
        sockets = Sockets.open(settings, os.environ)
    except (ConfigError, StoreError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - people read this, before any log is set up
        return 2
    return asyncio.run(Supervisor(origin, settings, sockets, lock_fd, SystemClock()).run())


def _hold_lock(path: Path, clock: SystemClock) -> int:
    """Take the store's lock; one that was killed just now may need a moment to let go of it."""
    deadline = clock.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return lock.hold(path)
        except StoreError:
            if clock.monotonic() > deadline:
                raise
            asyncio.run(clock.sleep(0.05))


class _Generation:
    """The processes of one configuration, and what they share."""

    def __init__(
        self, settings: Settings, sockets: Sockets, lock_fd: int, origin: Origin, clock: Clock
    ) -> None:
        self.settings = settings
        self.board = Board.create()
        self._settings_fd = _memory_file("shadowmon-settings", to_wire(settings))
        self._handover = handover.socket_pair()
        self._report = report.socket_pair()
        self._counted_fd = counted.create()
        self._serving_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._plans: list[int] = []
        self._clock = clock
        self.control = self._child(self._control_command(sockets, lock_fd, origin))
        self.scoring = [
            self._child(self._scoring_command(number)) for number in range(settings.scoring.workers)
        ]
        self.proxies = [
            self._child(self._proxy_command(sockets.proxy, number))
            for number in range(settings.proxy.workers if sockets.proxy else 0)
        ]

    def _child(self, command: tuple[Command, Head]) -> Child:
        what, cell = command
        return Child(what, clock=self._clock, on_restart=lambda: self.board.add_head(cell))

    def _control_command(
        self, sockets: Sockets, lock_fd: int, origin: Origin
    ) -> tuple[Command, Head]:
        fds = {
            "settings-fd": self._settings_fd,
            "board-fd": self.board.fd,
            "handover-fd": self._handover[0].fileno(),
            "report-fd": self._report[1].fileno(),
            "counted-fd": self._counted_fd,
            "console-fd": sockets.console.fileno(),
            "lock-fd": lock_fd,
        }
        if sockets.tap:
            fds["tap-fd"] = sockets.tap.fileno()
        if sockets.events:
            fds["events-fd"] = sockets.events.fileno()
        if sockets.ext_proc:
            fds["ext-proc-fd"] = sockets.ext_proc.fileno()
        more = [f"--overrides={json.dumps(dict(origin.overrides))}"]
        more += [f"--path={origin.path}"] if origin.path else []
        return _command(
            "control", "shadowmon.daemon.control_process", fds, more
        ), Head.CONTROL_RESTARTS

    def _scoring_command(self, number: int) -> tuple[Command, Head]:
        fds = {
            "settings-fd": self._settings_fd,
            "board-fd": self.board.fd,
            "handover-fd": self._handover[1].fileno(),
            "report-fd": self._report[0].fileno(),
            "counted-fd": self._counted_fd,
        }
        name = f"scoring-{number}"
        command = _command(
            name,
            "shadowmon.daemon.scoring_worker",
            fds,
            [f"--place={name}"],
            nice=self.settings.scoring.nice,
        )
        return command, Head.SCORING_RESTARTS

    def _proxy_command(self, listen: socket.socket | None, number: int) -> tuple[Command, Head]:
        plan_fd = _memory_file(
            "shadowmon-plan", proxy_plan(self.settings, worker=number, parent_pid=os.getpid())
        )
        self._plans.append(plan_fd)
        fds = {
            "plan-fd": plan_fd,
            "board-fd": self.board.fd,
            "handover-fd": self._handover[0].fileno(),
            "listen-fd": listen.fileno() if listen else -1,
            "serving-fd": self._serving_fd,
        }
        return _command(f"proxy-{number}", "shadowmon.proxy.worker", fds), Head.PROXY_RESTARTS

    async def weights_restored(self, clock: Clock) -> bool:
        """Wait until the control process has put the stored weights on the board, or for long."""
        deadline = clock.monotonic() + _CONTROL_SECONDS
        while self.board.head(Head.CONTROL_LIFE) == 0:
            if clock.monotonic() > deadline:
                log.warning("daemon.started_without_weights", seconds=_CONTROL_SECONDS)
                return False
            await clock.sleep(0.01)
        return True

    async def serving(self, *, unless: asyncio.Event) -> bool:
        """Wait until every data-plane worker accepts users; return False if `unless` came first."""
        serving, told_at = 0, self._clock.monotonic() + _SERVING_SECONDS
        while serving < len(self.proxies):
            if unless.is_set():
                return False
            with contextlib.suppress(BlockingIOError):
                serving += os.eventfd_read(self._serving_fd)
            if self._clock.monotonic() > told_at:
                log.error("daemon.workers_not_serving", serving=serving, wanted=len(self.proxies))
                told_at = math.inf
            await self._clock.sleep(0.01)
        return True

    def close(self) -> None:
        """Let go of everything but the listening sockets."""
        self.board.close()
        for sock in (*self._handover, *self._report):
            sock.close()
        for fd in (self._settings_fd, self._counted_fd, self._serving_fd, *self._plans):
            os.close(fd)


class Supervisor:
    """Keeps one generation of processes alive, and exchanges it for the next."""

    def __init__(
        self, origin: Origin, settings: Settings, sockets: Sockets, lock_fd: int, clock: Clock
    ) -> None:
        self._origin = origin
        self._sockets = sockets
        self._lock_fd = lock_fd
        self._clock = clock
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()
        self._now = self._generation(settings)
        self._leaving: list[_Generation] = []
        """Those before, while their data planes still serve."""

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        async with asyncio.TaskGroup() as tasks:
            await self._start(self._now, tasks)
            log.info("daemon.started", pid=os.getpid(), **_addresses(self._now.settings))
            reloads = tasks.create_task(self._reloads(tasks))
            await self._stopping.wait()
            reloads.cancel()
            await self._stop()
        self._sockets.forget()
        log.info("daemon.stopped")
        return 0

    def _generation(self, settings: Settings) -> _Generation:
        return _Generation(settings, self._sockets, self._lock_fd, self._origin, self._clock)

    async def _start(self, generation: _Generation, tasks: asyncio.TaskGroup) -> None:
        tasks.create_task(generation.control.keep())
        for child in generation.scoring:
            tasks.create_task(child.keep())
        await generation.weights_restored(self._clock)
        for child in generation.proxies:
            tasks.create_task(child.keep())

    async def _stop(self) -> None:
        """Users first, then whoever counts, then whoever remembers. Weights stay as they are."""
        generation = self._now
        drain = generation.settings.daemon.drain_seconds + _STOP_SECONDS
        proxies = [proxy for each in (*self._leaving, generation) for proxy in each.proxies]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_stop_all(proxies, drain))
            tasks.create_task(self._close_the_door())
        await _stop_all(generation.scoring, _STOP_SECONDS)
        await _stop_all([generation.control], _STOP_SECONDS)
        generation.close()

    async def _close_the_door(self) -> None:
        """Let go of the users' socket: who comes now is refused, not kept waiting for nobody."""
        await self._clock.sleep(_LAST_START_SECONDS)
        if self._sockets.proxy is not None:
            self._sockets.proxy.close()

    async def _reloads(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                settings = self._origin.load()
                refuse_what_cannot_change(self._now.settings, settings)
                refuse_what_cannot_be_used(settings)
            except ConfigError as error:
                self._now.board.set_head(Head.RELOAD_REFUSED_AT, int(self._clock.now().timestamp()))
                log.error("config.refused", problem=str(error))  # noqa: TRY400 - no bug of ours
            else:
                await self._exchange(settings, tasks)

    async def _exchange(self, settings: Settings, tasks: asyncio.TaskGroup) -> None:
        """
        Put the next generation in this one's place.

        Users' connections are never refused: the old data plane goes on until the new one serves,
        and if that never comes, until a configuration comes with which it does.
        """
        old = self._now
        self._leaving.append(old)
        # One writer at a time in the store: the old control process ends before the new one opens.
        await _stop_all([old.control, *old.scoring], _STOP_SECONDS)
        self._now = self._generation(settings)
        carry_weights(old.settings, old.board, settings, self._now.board)
        self._now.board.set_head(Head.RELOAD_DONE_AT, int(self._clock.now().timestamp()))
        await self._start(self._now, tasks)
        if await self._now.serving(unless=self._reload):
            await self._let_go(settings.daemon.drain_seconds + _STOP_SECONDS)
            log.info("config.reloaded")

    async def _let_go(self, within_seconds: float) -> None:
        """End the data planes of before."""
        await _stop_all([proxy for each in self._leaving for proxy in each.proxies], within_seconds)
        for generation in self._leaving:
            generation.close()
        self._leaving.clear()


def _addresses(settings: Settings) -> Mapping[str, str]:
    """Return where everything listens, for whoever reads the log."""
    places = {
        "proxy": settings.proxy.listen,
        "console": settings.console.listen,
        "tap": settings.traffic.tap.listen,
        "events": settings.traffic.events.listen,
        "ext_proc": settings.traffic.ext_proc.listen,
    }
    return {name: address for name, address in places.items() if address is not None}


def _command(
    name: str, module: str, fds: Mapping[str, int], more: list[str] | None = None, *, nice: int = 0
) -> Command:
    arguments = [f"--{key}={fd}" for key, fd in fds.items()] + (more or [])
    return Command(
        name=name, module=module, arguments=arguments, fds=tuple(fds.values()), nice=nice
    )


async def _stop_all(children: list[Child], within_seconds: float) -> None:
    async with asyncio.TaskGroup() as tasks:
        for child in children:
            tasks.create_task(child.stop(within_seconds=within_seconds))


def _memory_file(name: str, content: bytes) -> int:
    """Return the descriptor of a file that lies in memory only: settings hold secrets."""
    fd = os.memfd_create(name)
    os.write(fd, content)
    return fd
