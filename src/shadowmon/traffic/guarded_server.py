"""
An aiohttp server that strangers cannot hold open.

aiohttp waits for a request's head for as long as for an idle connection, waits for ever for a peer
that does not read, and takes any number of connections. Here a head and a peer that does not read
have deadlines, and connections have a cap. The tap and the console are both served by this.

Built on aiohttp's public parts alone: `web.Server` is asked for a protocol for each connection, and
`web.RequestHandler` is an `asyncio.Protocol` that may be subclassed.
"""

from __future__ import annotations

import asyncio

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What one server puts up with."""

    head_timeout_seconds: float
    """From a connection's start, or from a head's first byte, to the head's end."""
    take_timeout_seconds: float = 30.0
    """From when a peer's buffers and ours are full to when it reads again."""
    idle_timeout_seconds: float = 75.0
    """Between two requests."""
    connections_max: int
    """Open at one time."""
    head_max_bytes: int = 64 * 1024
    """Of a request line, and of one header's value."""
    headers_max: int = 256
    lingering_seconds: float = 2.0
    """How long the rest of a refused body is thrown away, so that the peer sees the answer."""


def _nothing() -> None:
    """Take no notice."""


class GuardedServer(web.Server):
    """A low-level server: one handler for whatever comes; bodies as they were sent."""

    def __init__(
        self,
        handler: Callable[[Any], Awaitable[web.StreamResponse]],
        *,
        guards: Guards,
        on_bad_head: Callable[[], None] = _nothing,
        on_full: Callable[[], None] = _nothing,
        answer_failure: Callable[[int, BaseException | None], web.Response] | None = None,
        request_factory: Callable[..., Any] | None = None,
    ) -> None:
        """
        Args:
            handler: Answers each request.
            guards: What is put up with.
            on_bad_head: Called for each head that was late or malformed.
            on_full: Called for each connection over the cap.
            answer_failure: Given a status (below 500: the head was malformed) and what was raised,
                returns the answer; None: an empty one for a malformed head, aiohttp's for the rest.
            request_factory: Makes what the handler is given; None: a `web.BaseRequest`.

        """
        super().__init__(self._answer, request_factory=request_factory)
        self.guards = guards
        self.on_bad_head = on_bad_head
        self.on_full = on_full
        self.answer_failure = answer_failure
        self._handler = handler
        self._plain_request = self.request_factory
        self.request_factory = self._request

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return _Guarded(self)

    def _request(
        self,
        message: Any,  # noqa: ANN401 - aiohttp keeps these types to itself
        payload: Any,  # noqa: ANN401
        protocol: web.RequestHandler,
        writer: Any,  # noqa: ANN401
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        """Make the request of a head that has come whole."""
        if isinstance(protocol, _Guarded):
            protocol.head_came()
        return self._plain_request(message, payload, protocol, writer, task)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._handler(request)
        finally:
            if isinstance(request.protocol, _Guarded):
                request.protocol.answered()


class _Guarded(web.RequestHandler):
    """
    One connection.

    The head's timer runs while a head is coming in, and at no other time: not during a request, and
    not while the connection is idle after one.
    """

    __slots__ = (
        "_guarded",
        "_has_begun",
        "_head_timer",
        "_is_busy",
        "_is_refused",
        "_line",
        "_take_timer",
    )

    def __init__(self, server: GuardedServer) -> None:
        guards = server.guards
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=guards.idle_timeout_seconds,
            access_log=None,  # type: ignore[arg-type] # None is how aiohttp's own code says "none"
            max_line_size=guards.head_max_bytes,
            max_field_size=guards.head_max_bytes,
            max_headers=guards.headers_max,
            lingering_time=guards.lingering_seconds,
            auto_decompress=False,
        )
        self._guarded = server
        self._line: asyncio.BaseTransport | None = None
        """Not `self.transport`: aiohttp forgets it on closing, while unsent bytes keep it open."""
        self._is_refused = False
        self._is_busy = False
        self._has_begun = False
        """Has any of the next head come? A connection that only waits is no bad head."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._line = transport
        if len(self._guarded.connections) >= self._guarded.guards.connections_max:
            self._is_refused = True
            self._guarded.on_full()
            self._cut_off()
            return
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._is_busy:
            self._has_begun = True
            if self._head_timer is None:
                self._start_timer()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._stop_timer()
        self._stop_take_timer()
        if not self._is_refused:
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`; the peer does not take what it was sent."""
        super().pause_writing()
        seconds = self._guarded.guards.take_timeout_seconds
        self._take_timer = asyncio.get_running_loop().call_later(seconds, self._cut_off)

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        super().resume_writing()
        self._stop_take_timer()

    def head_came(self) -> None:
        """A request's head is whole."""
        self._is_busy, self._has_begun = True, False
        self._stop_timer()

    def answered(self) -> None:
        """The request is over; what comes next is another head."""
        self._is_busy = False

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a malformed head without a word of it in the log or the answer."""
        is_ours = status >= web.HTTPInternalServerError.status_code
        answer_failure = self._guarded.answer_failure
        if not is_ours:
            self._guarded.on_bad_head()
        elif answer_failure is None:
            return super().handle_error(request, status, exc, message)
        answer = answer_failure(status, exc) if answer_failure else web.Response(status=status)
        if request.writer.output_size > 0:
            msg = "half of another answer was already sent"
            raise ConnectionError(msg)
        answer.force_close()
        return answer

    def _start_timer(self) -> None:
        seconds = self._guarded.guards.head_timeout_seconds
        self._head_timer = asyncio.get_running_loop().call_later(seconds, self._late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self) -> None:
        self._head_timer = None
        if self._has_begun:
            self._guarded.on_bad_head()
        self._cut_off()

    def _stop_take_timer(self) -> None:
        if self._take_timer is not None:
            self._take_timer.cancel()
            self._take_timer = None

    def _cut_off(self) -> None:
        if isinstance(self._line, asyncio.Transport):
            self._line.abort()
