"""
Connections to one model server: idle ones are used again, new ones are made.

Rule 1: the connection that was idle for the shortest time is taken first, and none that was idle
        for longer than the limit: the model server may be about to close it.
Rule 2: who asked for a new connection is told in any case, once, and within the limit.
"""

from __future__ import annotations

import asyncio
import ssl

from shadowmon.proxy.health import Health
from shadowmon.proxy.plan import Limits, PlannedAddress
from shadowmon.proxy.reach import Reach
from shadowmon.proxy.sides import Waiter
from shadowmon.proxy.upstream import Upstream


class Pool:
    """One model server, as one worker knows it."""

    def __init__(
        self,
        address: PlannedAddress,
        limits: Limits,
        tasks: asyncio.TaskGroup,
        now: float,
        *,
        reach: Reach,
        context: ssl.SSLContext | None = None,
        server_name: str | None = None,
        health: Health | None = None,
    ) -> None:
        """
        Make one without connections.

        Args:
            address: Where the server is.
            limits: Of the proxy.
            tasks: Connections are made in these.
            now: See `sweep`.
            reach: Told of connections that are made, and those that cannot be.
            context: What TLS is made with, where the address says so.
            server_name: The name that its certificate must have; None: the address's host.
            health: Told of what fails and what does not; None where it would make no difference.

        """
        self.head_max_bytes = limits.head_max_bytes
        self.health = health
        self.open = 0
        """Connections, idle or not."""
        self._address = address
        self._reach = reach
        self._context = context if address.tls else None
        self._server_name = server_name if address.tls else None
        self._connect_seconds = limits.connect_timeout_seconds
        self._idle_seconds = limits.upstream_idle_seconds
        self._now = now
        self._tasks = tasks
        self._idle: list[Upstream] = []
        self._connecting: set[asyncio.Task[Upstream | None]] = set()

    @property
    def busy(self) -> int:
        """Requests under way, those that wait for a connection included."""
        return self.open - len(self._idle) + len(self._connecting)

    def take(self) -> Upstream | None:
        """Return an idle connection that is very likely alive, or None."""
        oldest = self._now - self._idle_seconds
        while self._idle:
            upstream = self._idle.pop()
            if upstream.idle_since >= oldest and not upstream.transport.is_closing():
                return upstream
            upstream.transport.close()
        return None

    def give(self, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        upstream.reused = True
        upstream.idle_since = self._now
        self._idle.append(upstream)

    def forget(self, upstream: Upstream) -> None:
        """Let go of a connection that ended, or goes another way."""
        self.open -= 1
        if upstream in self._idle:
            self._idle.remove(upstream)

    def connect(self, waiter: Waiter) -> None:
        """Make a connection, and tell `waiter` when it is there, or that it cannot be had."""
        task = self._tasks.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(lambda done: self._tell(waiter, done))

    async def _connect(self) -> Upstream | None:
        loop, address = asyncio.get_running_loop(), self._address
        try:
            async with asyncio.timeout(self._connect_seconds):
                if address.path is not None:
                    _, upstream = await loop.create_unix_connection(
                        lambda: Upstream(self), address.path
                    )
                else:
                    _, upstream = await loop.create_connection(
                        lambda: Upstream(self),
                        address.host,
                        address.port,
                        ssl=self._context,
                        server_hostname=self._server_name,
                    )
        except TimeoutError:
            self._reach.failed(f"no connection within {self._connect_seconds:g} s")
            return None
        except (OSError, UnicodeError) as error:  # ssl.SSLError is one, too
            self._reach.failed(str(error))
            return None
        return upstream

    def _tell(self, waiter: Waiter, done: asyncio.Task[Upstream | None]) -> None:
        self._connecting.discard(done)
        upstream = None if done.cancelled() or done.exception() else done.result()
        # One that ended before we came to it has said so already, to nobody: it never would again.
        if upstream is None or upstream.transport.is_closing():
            if upstream is not None:
                self._reach.failed("it ended the connection at once")
            if self.health is not None:
                self.health.failed()
            waiter.unreachable()
        else:
            self._reach.succeeded()
            waiter.connected(upstream)

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long; `now` stands until the next sweep."""
        self._now = now
        oldest = now - self._idle_seconds
        stale = [upstream for upstream in self._idle if upstream.idle_since < oldest]
        if stale:
            self._idle = [upstream for upstream in self._idle if upstream.idle_since >= oldest]
        for upstream in stale:
            upstream.transport.close()

    def close(self) -> None:
        """Close what is idle, and give up what is being made."""
        for upstream in self._idle:
            upstream.transport.close()
        self._idle.clear()
        for task in tuple(self._connecting):
            task.cancel()
