"""
The daemon, followed through its API: what is new is kept and shown.

A machine that has too little of a core makes everything slow and nothing wrong: a call that is not
answered is made again, and what takes longer than usual is waited for; the console says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import aiohttp

from shadowmon.clock import Clock
from shadowmon.demo.daemon_api import DaemonApi
from shadowmon.demo.journal import Line
from shadowmon.demo.processes import DemoError, Processes
from shadowmon.demo.screen import Screen


LOOK_SECONDS = 0.25
SILENCE_SECONDS = 60.0
"""A daemon that has answered nothing for so long is given up."""
SLOW_FACTOR = 4.0
"""What is not done in its usual time is waited for so many times as long in all."""


class Watch:
    """Follows the daemon through its API, and shows what it sees."""

    def __init__(self, api: DaemonApi, processes: Processes, screen: Screen, clock: Clock) -> None:
        self._api = api
        self._processes = processes
        self.screen = screen
        self.clock = clock
        self.begun: datetime = clock.now()
        """When the journal's first entry was written, once it is known."""
        self.lines: list[Line] = []
        """The journal, oldest first."""
        self.funnel: dict[str, int] = {}
        """How many requests fell out where, as the daemon counts them."""

    async def look(self) -> None:
        """
        See what is new.

        Raises:
            DemoError: If a process has ended, or the daemon answers nothing for `SILENCE_SECONDS`.

        """
        begun = self.clock.monotonic()
        while (problem := await self._ask()) is not None:
            self._processes.check()
            silent = self.clock.monotonic() - begun
            if silent >= SILENCE_SECONDS:
                msg = f"the daemon has answered nothing for {silent:.0f} s: {problem}"
                raise DemoError(msg)
            self._note(f"The daemon is slow to answer ({problem}); it is asked again.")
            await self.clock.sleep(LOOK_SECONDS)

    async def _ask(self) -> str | None:
        """Keep and show what is new; return why that was not possible."""
        try:
            new = await self._api.new_lines()
            if new and not self.lines:
                self.begun = new[0].at
            self.lines += new
            self.screen.tell(new, begun=self.begun)
            status = await self._api.status()
            trials = await self._api.trials()
        except (aiohttp.ClientError, TimeoutError) as error:
            return str(error) or type(error).__name__
        self.funnel = status["funnel"]
        self.screen.show(status, trials)
        return None

    async def until(self, done: Callable[[], bool], *, seconds: float) -> bool:
        """Look again and again until it is done, or time is up; say which."""
        deadline = self.clock.monotonic() + seconds
        while not done():
            if self.clock.monotonic() >= deadline:
                return False
            self._processes.check()
            await self.look()
            await self.clock.sleep(LOOK_SECONDS)
        return True

    async def until_at_last(self, done: Callable[[], bool], *, what: str, seconds: float) -> bool:
        """Wait the usual time, then say that it takes longer, and wait on; say if it was done."""
        if await self.until(done, seconds=seconds):
            return True
        longest = seconds * SLOW_FACTOR
        self._note(f"{what} usually takes less than {seconds:g} s: waiting up to {longest:g} s.")
        return await self.until(done, seconds=longest - seconds)

    def _note(self, sentence: str) -> None:
        self.screen.say(f"          {sentence}", style="yellow")
