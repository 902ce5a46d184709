"""
The sandbox, ready to use: programs in, verdicts out, a few at a time.

On entry it takes the first plan that contains every attack (self_test.py), and keeps a launcher of
that plan. A launcher that is lost is replaced; what it ran is told as not started, which is held
against nobody. Where no plan holds, `problem` says why, and nothing is ever run.
"""

from __future__ import annotations

import asyncio

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

from shadowmon.assessors.sandbox import self_test, tiers
from shadowmon.assessors.sandbox.link import LauncherError, Link
from shadowmon.assessors.sandbox.tiers import Plan
from shadowmon.assessors.sandbox.verdict import Limits, Ran, Verdict
from shadowmon.assessors.settings import SandboxSettings
from shadowmon.clock import Clock


log = structlog.get_logger()

_BACKOFF_FIRST_SECONDS = 0.1
_BACKOFF_MAX_SECONDS = 10.0


class Sandbox:
    """Runs programs where they can do no harm; within one event loop, for any number of tasks."""

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.problem = "the sandbox is not open"
        """Why nothing is run; empty if it is."""
        self.plan: Plan | None = None
        """What it is made of."""
        self.restarts = 0
        """Launchers that took the place of a lost one."""
        self._settings = settings
        self._clock = clock
        self._limits = Limits(
            timeout_seconds=settings.timeout_seconds,
            memory_max_bytes=settings.memory_max_bytes,
            output_max_bytes=settings.output_max_bytes,
        )
        self._link: Link | None = None
        self._places = asyncio.Semaphore(settings.workers)
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Find out what holds on this machine; raises nothing if nothing does."""
        candidates, refusals = tiers.plans(allow_landlock=self._settings.allow_landlock)
        for plan in candidates:
            problems = await self._try(plan)
            if not problems:
                self.plan, self.problem = plan, ""
                log.info("sandbox.opened", tier=plan.tier.value, interpreter=plan.interpreter)
                return self
            refusals.append(f"{plan.tier}, {plan.interpreter}: {', '.join(problems)}")
        self.problem = "; ".join(refusals)
        log.warning("sandbox.refused", reason=self.problem)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the launcher and whatever it runs, in bounded time."""
        self.plan, self.problem = None, "the sandbox is closed"
        await self._end_link()

    @property
    def launcher_id(self) -> int | None:
        """The launcher's process id, if there is one."""
        return self._link.process_id if self._link else None

    async def run(self, parts: Sequence[str]) -> Ran:
        """
        Run a program of these parts, one after the other in one module.

        Waits for a place as long as it takes: whoever calls bounds what is waiting. Where there is
        no sandbox, or it did not come up, the program was not started.
        """
        if any("\0" in part for part in parts):
            return Ran(verdict=Verdict.FAILED, error="SyntaxError")  # as Python says of such code
        async with self._places:
            link = await self._living_link()
            if link is None:
                return Ran(verdict=Verdict.NOT_STARTED, error=self.problem)
            return await link.run(parts, self._limits)

    async def _try(self, plan: Plan) -> list[str]:
        """Start a launcher and have it attacked; keep it if it stands, with places for the runs."""
        places = max(self._settings.workers, self_test.PLACES)
        try:
            self._link = await Link.start(plan, places)
        except LauncherError as error:
            return [str(error)]
        try:
            problems = await self_test.problems(self._link)
        except BaseException:
            await self._end_link()
            raise
        if problems:
            await self._end_link()
        return problems

    async def _living_link(self) -> Link | None:
        """Return the launcher, another one if it was lost; None if there is no sandbox."""
        async with self._starting:
            wait_seconds = _BACKOFF_FIRST_SECONDS
            while self.plan and not (self._link and self._link.is_alive):
                await self._end_link()
                try:
                    self._link = await Link.start(self.plan, self._settings.workers)
                except LauncherError as error:
                    log.warning("sandbox.launcher_failed", problem=str(error))
                    await self._clock.sleep(wait_seconds)
                    wait_seconds = min(_BACKOFF_MAX_SECONDS, 2 * wait_seconds)
                else:
                    self.restarts += 1
                    log.warning("sandbox.launcher_restarted")
            return self._link if self.plan else None

    async def _end_link(self) -> None:
        link, self._link = self._link, None
        if link:
            await link.end()
