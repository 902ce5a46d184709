"""
The aiohttp application, and the server that runs it.

Rule 1: nothing here may hold a tick up: every read is bounded in size and time, and every answer is
made from a view that is already there.
"""

from __future__ import annotations

import asyncio
import socket

from aiohttp import web

from shadowmon.console.address import parse_address
from shadowmon.console.answers import add_headers, errors_as_json, only_who_may
from shadowmon.console.api import Api, Metrics
from shadowmon.console.desk import Desk
from shadowmon.console.guard import GuardedSite, Limits
from shadowmon.console.settings import ConsoleSettings


CONNECTIONS_MAX = 256
IDLE_SECONDS = 75.0
_SHUTDOWN_SECONDS = 2.0


def make_app(desk: Desk, settings: ConsoleSettings, metrics: Metrics) -> web.Application:
    """
    Build the application.

    Args:
        desk: The daemon behind it.
        settings: Who may operate, and how large a body may be.
        metrics: What a scrape's `accept` asks for -> the exposition and its content type.
    """
    token = settings.operator_token
    app = web.Application(
        middlewares=[
            errors_as_json,
            only_who_may(token.get_secret_value() if token is not None else None),
        ],
        client_max_size=settings.body_max_bytes,
    )
    app.on_response_prepare.append(add_headers)
    app.add_routes(Api(desk, metrics, body_seconds=settings.head_timeout_seconds).routes())
    return app


async def serve(
    app: web.Application, settings: ConsoleSettings, sock: socket.socket | None = None
) -> web.AppRunner:
    """
    Serve until the runner that is returned is cleaned up.

    Args:
        app: From `make_app`.
        settings: Where to listen, and how long to wait for a request's head.
        sock: A listening socket that was inherited; None: listen on `settings.listen`.

    Raises:
        OSError: If the address cannot be listened on.

    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    limits = Limits(
        head_seconds=settings.head_timeout_seconds,
        take_seconds=settings.head_timeout_seconds,
        idle_seconds=IDLE_SECONDS,
        connections=CONNECTIONS_MAX,
    )
    try:
        await GuardedSite(runner, sock or await _listening(settings.listen), limits).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


async def _listening(address: str) -> socket.socket:
    host, port = parse_address(address)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, kind, protocol, _, where = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    return sock
