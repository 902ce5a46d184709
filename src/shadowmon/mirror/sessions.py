"""
Through what shadow calls go out: one session for all ports, and one for each Unix socket.

Rule: a session adds nothing of its own to a request, follows nothing, decodes nothing, and has no
limits, for arms have their own. Idle connections are let go before a model server would (uvicorn's
default is 5 seconds).
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp

from shadowmon.mirror.outgoing import socket_of


_IDLE_SECONDS = 4.0
_HEAD_LINE_MAX = 65_536


@dataclass(slots=True)
class Attempt:
    """One try of a call."""

    started_at: float
    is_reused: bool = False
    """Did it go out on a connection that had been used before?"""
    has_begun: bool = False
    """Did an answer's head come?"""


class Sessions:
    """All of one process. `async with` closes them."""

    def __init__(self) -> None:
        self._open = AsyncExitStack()
        self._by_socket: dict[Path | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        """Nothing is opened before somebody asks for it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        self._by_socket.clear()
        await self._open.aclose()

    def to(self, url: str) -> aiohttp.ClientSession:
        """Return the session by which a model's address is reached."""
        socket = socket_of(url)
        if socket not in self._by_socket:
            session = _opened(socket)
            self._open.push_async_callback(session.close)
            self._by_socket[socket] = session
        return self._by_socket[socket]


def _opened(socket: Path | None) -> aiohttp.ClientSession:
    connector: aiohttp.BaseConnector
    if socket is None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
    else:
        connector = aiohttp.UnixConnector(str(socket), limit=0, keepalive_timeout=_IDLE_SECONDS)
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
        auto_decompress=False,
        trace_configs=[trace],
        max_line_size=_HEAD_LINE_MAX,
        max_field_size=_HEAD_LINE_MAX,
    )


async def _note_reuse(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    if isinstance(context.trace_request_ctx, Attempt):
        context.trace_request_ctx.is_reused = True
