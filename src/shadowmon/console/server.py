"""
The aiohttp application, and the server that runs it.

Rule 1: nothing here may hold a tick up: every read is bounded in size and time, and every answer is
made from a view that is already there.
"""

from __future__ import annotations

import asyncio
import json
import socket

from collections.abc import Collection, Iterable

import structlog

from aiohttp import web
from pydantic import SecretStr

from shadowmon.console.address import parse_address
from shadowmon.console.answers import (
    HEADERS,
    add_headers,
    errors_as_json,
    only_known_hosts,
    only_who_may,
)
from shadowmon.console.api import Api, Metrics
from shadowmon.console.auth import Door, Tokens
from shadowmon.console.desk import Desk
from shadowmon.console.freezes import Freezes
from shadowmon.console.people import REVIEWED, People
from shadowmon.console.settings import ConsoleSettings
from shadowmon.traffic.guarded_server import GuardedServer, Guards


log = structlog.get_logger()

CONNECTIONS_MAX = 256
IDLE_SECONDS = 75.0
_HEAD_MAX_BYTES, _HEADERS_MAX = 8_190, 128
"""aiohttp's own; the tap takes more."""
_SHUTDOWN_SECONDS = 2.0


def make_app(
    desk: Desk,
    settings: ConsoleSettings,
    metrics: Metrics,
    *,
    more: Iterable[web.RouteDef] = (),
    asked_by_post: Collection[str] = (),
) -> web.Application:
    """
    Build the application.

    Args:
        desk: The daemon behind it.
        settings: Who may operate, by which names it is asked, and how large a body may be.
        metrics: What a scrape's `accept` asks for -> the exposition and its content type.
        more: What others serve beside it: gates, notifications.
        asked_by_post: Those of their paths whose POST changes nothing, and needs no token.
    """
    doors = dict.fromkeys(asked_by_post, Door.READ) | dict.fromkeys(REVIEWED, Door.REVIEW)
    app = web.Application(
        middlewares=[
            errors_as_json,
            only_known_hosts(_names(settings)),
            only_who_may(_tokens(settings), doors=doors),
        ],
        client_max_size=settings.body_max_bytes,
    )
    app.on_response_prepare.append(add_headers)
    app.add_routes(Api(desk, metrics, body_seconds=settings.head_timeout_seconds).routes())
    app.add_routes(Freezes(desk, body_seconds=settings.head_timeout_seconds).routes())
    app.add_routes(People(desk, body_seconds=settings.head_timeout_seconds).routes())
    app.add_routes(more)
    return app


def _names(settings: ConsoleSettings) -> frozenset[str]:
    return frozenset((parse_address(settings.listen)[0], *settings.hosts)) - {""}


def _tokens(settings: ConsoleSettings) -> Tokens:
    return Tokens(operator=_said(settings.operator_token), reviewer=_said(settings.reviewer_token))


def _said(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


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
    guards = Guards(
        head_timeout_seconds=settings.head_timeout_seconds,
        take_timeout_seconds=settings.head_timeout_seconds,
        lingering_seconds=settings.head_timeout_seconds,
        idle_timeout_seconds=IDLE_SECONDS,
        connections_max=CONNECTIONS_MAX,
        head_max_bytes=_HEAD_MAX_BYTES,
        headers_max=_HEADERS_MAX,
    )
    runner = _Runner(app, guards)
    await runner.setup()
    try:
        await web.SockSite(runner, sock or await _listening(settings.listen)).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


class _Runner(web.AppRunner):
    """Runs an application behind guards."""

    def __init__(self, app: web.Application, guards: Guards) -> None:
        super().__init__(app, shutdown_timeout=_SHUTDOWN_SECONDS)
        self._guards = guards

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return GuardedServer(
            server.request_handler,
            guards=self._guards,
            answer_failure=_answer_failure,
            request_factory=server.request_factory,
        )


def _answer_failure(status: int, failure: BaseException | None) -> web.Response:
    """Answer what is not HTTP, or what failed outside every handler, without showing any of it."""
    is_ours = status >= web.HTTPInternalServerError.status_code
    if is_ours:
        log.error("console.request_failed", exc_info=failure)
    said = "something is wrong" if is_ours else "this is not a request that can be read"
    return web.Response(
        text=json.dumps({"error": {"message": said, "hint": ""}}),
        status=status,
        content_type="application/json",
        headers=HEADERS,
    )


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
