"""
Prover processes, kept alive: two formulas in, a finding out, in bounded time.

A process that is lost costs the one question that it was asked. The next question that its place
falls to starts another, at most every `RETRY_SECONDS` while that fails.
"""

from __future__ import annotations

import asyncio

from types import TracebackType
from typing import Self

from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math_link import ProverLink
from shadowmon.assessors.symbolic_math_process import Finding
from shadowmon.clock import Clock
from shadowmon.errors import ConfigError


RETRY_SECONDS = 10.0
"""Between a start that failed and the next try."""
WAITING_PROOFS_MAX = 4
"""A question waits for a prover as long as so many proofs may take, and is not tried after that."""

_COSTS_A_CHILD = frozenset({Finding.TIMEOUT, Finding.MEMORY, Finding.CRASH})


class ProverPool:
    """Tries proofs, one at a time in each of its processes. Used within one event loop."""

    def __init__(self, settings: SymbolicMathSettings, clock: Clock) -> None:
        self.restarts = 0
        """Processes that a proof, or chance, cost their life; each was replaced."""
        self._settings = settings
        self._clock = clock
        self._retry_at = clock.monotonic()
        self._closed = asyncio.Event()
        self._links: set[ProverLink] = set()
        self._idle: asyncio.Queue[ProverLink] = asyncio.Queue()
        """Places, whether the process in them lives or not."""

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Ids of the processes that live."""
        return tuple(sorted(link.process_id for link in self._links if link.is_alive))

    async def __aenter__(self) -> Self:
        """
        Start every process.

        Raises:
            ConfigError: If one of them does not become ready: why.
            OSError: If no process can be started.

        """
        starting = [ProverLink.start(self._settings) for _ in range(self._settings.workers)]
        started = await asyncio.gather(*starting, return_exceptions=True)
        self._links = {link for link in started if isinstance(link, ProverLink)}
        for link in started:
            if isinstance(link, BaseException):
                await self._end_all()
                raise link
            self._idle.put_nowait(link)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process; whoever still waits for a finding gets none."""
        self._closed.set()
        await self._end_all()

    async def prove(self, one: str, other: str) -> Finding | None:
        """Return what came of two formulas; None if no process could be had to try them."""
        timeout = self._settings.timeout_seconds
        try:
            async with asyncio.timeout(WAITING_PROOFS_MAX * timeout):
                link = await self._idle.get()
        except TimeoutError:
            return Finding.BUSY
        try:
            if not link.is_alive:
                link = await self._replaced(link)
            if not link.is_alive:
                return None
            finding = await link.ask(one, other, timeout)
        finally:
            self._idle.put_nowait(link)
        self.restarts += finding in _COSTS_A_CHILD
        return finding or Finding.CRASH

    async def _replaced(self, lost: ProverLink) -> ProverLink:
        """Return a new process in the place of a lost one; the lost one if none can be started."""
        if self._closed.is_set() or self._clock.monotonic() < self._retry_at:
            return lost
        await lost.end()
        try:
            link = await ProverLink.start(self._settings)
        except (ConfigError, OSError):
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
            return lost
        if self._closed.is_set():  # while it was starting
            await link.end()
            return lost
        self._links = (self._links - {lost}) | {link}
        self.restarts += 1
        return link

    async def _end_all(self) -> None:
        await asyncio.gather(*(link.end() for link in self._links))
