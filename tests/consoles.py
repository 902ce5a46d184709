"""A real console on a free port, in a thread of its own, for whoever talks to it over HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from shadowmon.console.desk import Desk
from shadowmon.console.server import make_app, serve
from shadowmon.console.settings import ConsoleSettings
from shadowmon.records import ExchangeId
from shadowmon.testing.desks import ScriptedDesk
from tests.views import a_row, a_trial_view, a_verdict_row, a_view


EXPOSITION = b"# HELP up Is it?\n# TYPE up gauge\nup 1.0\n"


async def metrics(accept: str) -> tuple[bytes, str]:
    """Answer as telemetry does."""
    del accept
    return EXPOSITION, "text/plain; version=0.0.4; charset=utf-8"


def a_desk(**changes: Any) -> ScriptedDesk:
    """Return a desk with one trial and a short journal; entry 7 is a verdict."""
    view = a_view(**changes)
    trial = a_trial_view()
    assert trial.verdict is not None
    rows = [*(a_row(number) for number in range(1, 7)), a_verdict_row(7, trial.verdict)]
    return ScriptedDesk(view, rows=rows, waiting=[ExchangeId("x-1"), ExchangeId("x-2")])


def console_settings(**changes: Any) -> ConsoleSettings:
    """Return settings for a free port and little patience."""
    token, reviewer = changes.pop("token", None), changes.pop("reviewer", None)
    given: dict[str, Any] = {"listen": "127.0.0.1:0", "head_timeout_seconds": 0.3} | changes
    return ConsoleSettings(
        operator_token=token and SecretStr(token),
        reviewer_token=reviewer and SecretStr(reviewer),
        **given,
    )


@contextmanager
def running(desk: Desk, **changes: Any) -> Iterator[str]:
    """Serve a desk for as long as the block takes; yields its address as host:port."""
    started: list[str] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    beside = {key: changes.pop(key) for key in ("more", "asked_by_post") if key in changes}

    async def life() -> None:
        settings = console_settings(**changes)
        runner = await serve(make_app(desk, settings, metrics, **beside), settings)
        try:
            host, port = runner.addresses[0][:2]
            started.append(f"{host}:{port}")
            ready.set()
            await stop.wait()
        finally:
            ready.set()
            await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(life(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def everything(sock: socket.socket) -> bytes:
    """Read until the other end closes or breaks off."""
    found = b""
    try:
        while piece := sock.recv(65_536):
            found += piece
    except ConnectionError:
        pass
    return found
