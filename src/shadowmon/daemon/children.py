"""
One child process: started, waited for, started again.

A child that dies is started again at once; one that keeps dying, ever more slowly. Nothing here
knows what a child does.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from shadowmon.clock import Clock


log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1
_SLOWEST_SECONDS = 5.0
_LONG_ENOUGH_SECONDS = 10.0
_STARTING = "shadowmon.daemon.starting"


def die_with_parent(parent: int) -> None:
    """
    Ask the kernel for SIGTERM when the parent ends (Linux, prctl(2)), and go if it has ended.

    To be called by the child itself, first thing.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to start a child."""

    name: str
    module: str
    """Has a `main`, which gets the arguments and returns an exit code."""
    arguments: Sequence[str]
    fds: Sequence[int]
    nice: int = 0


class Child:
    """One process that is wanted, and its successors."""

    def __init__(self, command: Command, *, clock: Clock, on_restart: Callable[[], None]) -> None:
        self.command = command
        self._clock = clock
        self._on_restart = on_restart
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = True
        self._begun = False
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process that lives now, if one does."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def keep(self) -> None:
        """Start the process, and start it again whenever it ends, until `stop`."""
        self._begun = True
        backoff = 0.0
        while self._is_wanted():
            started = self._clock.monotonic()
            code = await self._run()
            lived = self._clock.monotonic() - started
            if self._is_wanted():
                self._on_restart()
                name = self.command.name
                log.warning("daemon.process_ended", process=name, exit_code=code, seconds=lived)
                quick = lived < _LONG_ENOUGH_SECONDS
                backoff = min(2 * backoff + 0.1, _SLOWEST_SECONDS) if quick else 0.0
                await self._clock.sleep(backoff)
        self._ended.set()

    def _is_wanted(self) -> bool:
        return self._wanted

    async def _run(self) -> int:
        command = self.command
        with _without_interrupts():
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own module; fork must be on this thread
                [sys.executable, "-m", _STARTING, command.module, *command.arguments],
                pass_fds=command.fds,
                stdin=subprocess.DEVNULL,
            )
        log.info("daemon.process_started", process=command.name, pid=self._process.pid)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, command.nice)
        pidfd = os.pidfd_open(self._process.pid)
        try:
            await _readable(pidfd)
        finally:
            os.close(pidfd)
        return self._process.wait()

    async def stop(self, *, within_seconds: float) -> None:
        """Ask the process to end; kill it if it has not by then."""
        self._wanted = False
        if not self._begun:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_seconds):
                await self._ended.wait()
        except TimeoutError:
            log.warning("daemon.process_killed", process=self.command.name, pid=self.pid)
            self._signal(signal.SIGKILL)
            await self._ended.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """
    Keep SIGINT back for as long as the block takes; a child that is started in it never gets one.

    Ctrl-C on a terminal goes to the whole group. It is the supervisor that ends its children, in
    their order; a child that is interrupted while it still imports would only die with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)
