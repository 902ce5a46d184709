"""The daemon, followed through its API: what is new is kept and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shadowmon.clock import Clock
from shadowmon.demo.daemon_api import DaemonApi
from shadowmon.demo.journal import Line
from shadowmon.demo.processes import Processes
from shadowmon.demo.screen import Screen


LOOK_SECONDS = 0.25


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
        """See what is new."""
        new = await self._api.new_lines()
        if new and not self.lines:
            self.begun = new[0].at
        self.lines += new
        self.screen.tell(new, begun=self.begun)
        status = await self._api.status()
        self.funnel = status["funnel"]
        self.screen.show(status, await self._api.trials())

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
