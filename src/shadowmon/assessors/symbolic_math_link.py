"""
One prover process, as the pool sees it: start it, ask it, end it.

A link is good for as long as every question is answered; the process keeps the deadline of a proof
itself. The first loss ends the process, and with it the link.
"""

from __future__ import annotations

import asyncio
import json

from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math_process import Finding, frame
from shadowmon.errors import Complaint, ConfigError
from shadowmon.ipc.child import Child


KEY = "assessors.symbolic_math"

START_SECONDS = 60.0
"""A process that is not ready by then is given up; it loads an algebra system."""
LATE_SECONDS = 0.75
"""A process that has not answered so long after a proof's deadline is killed."""
MESSAGE_MAX_BYTES = 64 * 1024
"""A longer answer is not an answer."""


class ProverLink:
    """A prover process that is ready, and the socket to it. Asked by one task at a time."""

    def __init__(self, child: Child) -> None:
        self._child = child

    @classmethod
    async def start(cls, settings: SymbolicMathSettings) -> ProverLink:
        """
        Start a process and wait until it is ready.

        Raises:
            ConfigError: If it does not become ready: why.
            OSError: If no process can be started.

        """
        child = await Child.start(
            "shadowmon.assessors.symbolic_math_process",
            *("--timeout-seconds", str(settings.timeout_seconds)),
            *("--memory-max-bytes", str(settings.memory_max_bytes)),
        )
        link = cls(child)
        try:
            await link._await_ready()
        except BaseException:
            await link.end()
            raise
        return link

    @property
    def process_id(self) -> int:
        """The process's id."""
        return self._child.process.pid

    @property
    def is_alive(self) -> bool:
        """Has it not been seen to end?"""
        return self._child.is_alive

    async def ask(self, one: str, other: str, timeout_seconds: float) -> Finding | None:
        """Return what came of two formulas; None if the process was lost, or was ended, over it."""
        try:
            async with asyncio.timeout(timeout_seconds + LATE_SECONDS):
                question = frame([one, other])
                answer = await self._child.exchange(question, at_most=MESSAGE_MAX_BYTES)
                return Finding(json.loads(answer))
        except (OSError, ValueError):  # TimeoutError is an OSError
            await self.end()
            return None
        except BaseException:  # cancelled: it still owes an answer that nobody wants
            await self.end()
            raise

    async def end(self) -> None:
        """Kill the process, which has nothing to lose; twice is harmless."""
        await self._child.kill()
        self._child.close()

    async def _await_ready(self) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                problem = json.loads(await self._child.receive(at_most=MESSAGE_MAX_BYTES))
        except TimeoutError:
            problem = f"a prover process was not ready within {START_SECONDS:.0f} seconds"
        except (OSError, ValueError):
            problem = "a prover process ended before it was ready"
        if problem:
            hint = "it needs the extra `math`, and memory_max_bytes to load it"
            raise ConfigError(Complaint(key=KEY, problem=problem, hint=hint))
