"""
A model server in a process of its own, which can be stopped as a debugger or a full machine would.

Run it by `python -m tests.stoppable NAME PORT`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import servers
from tests.daemons import Model
from tests.ports import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Stoppable:
    """A model that answers well until it is stopped: then it takes connections, and is silent."""

    model: Model
    pid: int

    def stop(self) -> None:
        """Stop it where it is; what it has open stays open."""
        os.kill(self.pid, signal.SIGSTOP)


@contextlib.contextmanager
def a_stoppable_model(name: str) -> Iterator[Stoppable]:
    """Serve for as long as the block takes."""
    port = free_port()
    arguments = [sys.executable, "-m", "tests.stoppable", name, str(port)]
    with servers.running(arguments, port=port, cpu=None) as server:
        try:
            yield Stoppable(model=Model(name, port=port), pid=server.pid)
        finally:
            os.kill(server.pid, signal.SIGCONT)


async def _serve(name: str, port: int) -> None:
    async with Model(name, port=port).serving():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
