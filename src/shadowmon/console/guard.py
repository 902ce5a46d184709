"""
What aiohttp's server does not do by itself: patience that ends, and a limit on connections.

Measured (design/platform.md, 9.3): a plain aiohttp server keeps half a request head, and a client
that reads nothing, for ever. Here a connection is cut off if it has not sent a whole head, or not
taken what it was sent, within a time; and at once if there are too many.

`_current_request` and `_messages` are aiohttp's own; tests/integration/console/test_guard.py fails
if they ever mean something else.
"""

from __future__ import annotations

import asyncio
import json
import socket

from dataclasses import dataclass
from typing import Any

import structlog

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from shadowmon.console.answers import HEADERS


log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a connection may ask of our patience."""

    head_seconds: float
    """From the first byte of a request (or from connecting) to the end of its head."""
    take_seconds: float
    """From when the other end's buffers are full to when it reads again."""
    idle_seconds: float
    """Between two requests."""
    connections: int
    """Open at one time."""


class Guarded(RequestHandler):
    """One connection."""

    __slots__ = ("_guarded", "_head_timer", "_limits", "_line", "_take_timer")

    def __init__(self, server: Server, limits: Limits, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(server, **settings)
        self._guarded = server
        self._limits = limits
        self._line: asyncio.BaseTransport | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, unless there are too many; then wait for its first head."""
        super().connection_made(transport)
        self._line = transport
        if len(self._guarded.connections) > self._limits.connections:
            self._cut_off()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; if they begin a head, wait for its end."""
        super().data_received(data)
        if self._waits_for_head():
            if self._head_timer is None:
                self._wait_for_head()
        elif self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def pause_writing(self) -> None:
        """Note that the other end has stopped taking what it is sent."""
        super().pause_writing()
        loop = asyncio.get_running_loop()
        self._take_timer = loop.call_later(self._limits.take_seconds, self._cut_off)

    def resume_writing(self) -> None:
        """Note that the other end takes again."""
        super().resume_writing()
        self._stop(self._take_timer)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more."""
        self._stop(self._head_timer)
        self._stop(self._take_timer)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP without showing any of it."""
        del message
        if status >= 500:  # noqa: PLR2004
            log.error("console.request_failed", exc_info=exc)
        if request.writer.output_size > 0:
            msg = "half of another answer was already sent"
            raise ConnectionError(msg)
        said = "this is not a request that can be read" if status < 500 else "something is wrong"  # noqa: PLR2004
        text = json.dumps({"error": {"message": said, "hint": ""}})
        answer = web.Response(
            text=text, status=status, content_type="application/json", headers=HEADERS
        )
        answer.force_close()
        return answer

    def _waits_for_head(self) -> bool:
        return self._current_request is None and not self._messages

    def _wait_for_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_timer = loop.call_later(self._limits.head_seconds, self._too_late)

    def _too_late(self) -> None:
        self._head_timer = None
        if self._waits_for_head():
            self._cut_off()

    def _cut_off(self) -> None:
        # Not `self.transport`: aiohttp forgets it on closing, while unsent bytes keep it open.
        if isinstance(self._line, asyncio.Transport):
            self._line.abort()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


class GuardedSite(web.BaseSite):
    """Serves an application on a listening socket, each connection guarded."""

    def __init__(self, runner: web.AppRunner, sock: socket.socket, limits: Limits) -> None:
        super().__init__(runner)
        self._sock = sock
        self._limits = limits

    @property
    def name(self) -> str:
        """Say where."""
        return str(self._sock.getsockname())

    async def start(self) -> None:
        """Serve from now on."""
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, sock=self._sock, backlog=self._backlog
        )

    def _connection(self) -> Guarded:
        server = self._runner.server
        if server is None:
            msg = "the runner was not set up"
            raise RuntimeError(msg)
        return Guarded(
            server,
            self._limits,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=self._limits.idle_seconds,
            lingering_time=self._limits.head_seconds,
            # A body that claims to be compressed is refused, so that it cannot be a bomb.
            auto_decompress=False,
        )
