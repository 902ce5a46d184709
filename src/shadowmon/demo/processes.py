"""
The demo's processes: started, watched, and stopped by their ids in bounded time.

Every one gets a session of its own, so that Ctrl-C on the terminal reaches the story alone, which
then stops the others; and a leash (leash.py), so that however the story dies, they end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from shadowmon.errors import ShadowmonError


STOP_SECONDS: Final = 8.0
"""From SIGTERM to SIGKILL."""

ONE_THREAD: Final[Mapping[str, str]] = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
"""The networks are small: more threads for one product only fight over the cores."""


class DemoError(ShadowmonError):
    """The demo cannot go on: what happened, and what to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One process of the demo."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    """Where its standard error goes."""

    def check(self) -> None:
        """
        Say so if it has ended.

        Raises:
            DemoError: With the end of its log.

        """
        code = self.process.returncode
        if code is not None:
            msg = f"{self.name} ended with exit code {code}; {self.log} ends:\n{self.last_words()}"
            raise DemoError(msg)

    def last_words(self, *, lines: int = 12) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Processes:
    """All processes of one demo; leaving the context stops them, all at once."""

    def __init__(self, folder: Path) -> None:
        self._logs = folder / "logs"
        self._running: list[Running] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        async with asyncio.TaskGroup() as group:
            for running in self._running:
                group.create_task(self._stop(running))

    async def start(
        self, name: str, arguments: Sequence[str], *, fds: Sequence[int] = (), piped: bool = False
    ) -> Running:
        """Start this Python with `arguments`; whatever is not piped goes to the log."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "shadowmon.demo.leash", str(os.getpid())),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if piped else errors,
                stderr=errors,
                pass_fds=fds,
                start_new_session=True,
                env={**os.environ, **ONE_THREAD},
            )
        running = Running(name=name, process=process, log=log)
        self._running.append(running)
        return running

    def check(self) -> None:
        """
        Say so if any has ended that was not stopped.

        Raises:
            DemoError: For the first one.

        """
        for running in self._running:
            running.check()

    async def stop(self, running: Running) -> None:
        """Stop one process; the others go on."""
        await self._stop(running)
        self._running.remove(running)

    async def _stop(self, running: Running) -> None:
        if running.process.returncode is not None:
            return
        running.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await running.process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                running.process.kill()
            await running.process.wait()


def listening_socket() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1; to be inherited."""
    return socket.create_server(("127.0.0.1", 0))


def free_address() -> str:
    """Return host:port that nobody listens on now, for a program that opens its own socket."""
    with listening_socket() as free:
        host, port = free.getsockname()
    return f"{host}:{port}"
