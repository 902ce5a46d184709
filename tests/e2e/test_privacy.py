"""What people say, and what opens doors, is nowhere in all that a daemon writes or tells."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiohttp import web

from tests.daemons import Daemon, free_port, running
from tests.strangers import BREAKS_ANSWER, BREAKS_READING, BREAKS_SCORE, install


SECRET = "canary-7f3a"
"""In every place where a secret can be; the configuration's own are other ones."""
KEY = "door-opener-51c2"
"""The configuration's own credential for shadow calls."""


def said(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


@contextlib.asynccontextmanager
async def a_model(bodies: list[tuple[int, bytes]]) -> AsyncIterator[str]:
    """Serve these statuses and bodies in turn; a status of 0 cuts the connection."""
    turn = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal turn
        await request.read()
        status, body = bodies[turn % len(bodies)]
        turn += 1
        headers = {"content-type": "application/json", "x-name": SECRET, "set-cookie": SECRET}
        if status:
            return web.Response(status=status, body=body, headers=headers)
        response = web.StreamResponse(headers={**headers, "content-length": "9999"})
        await response.prepare(request)
        await response.write(body)
        assert request.transport
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


BASELINE = [(200, said(f"hello {SECRET}"))]
OPTIMIZED = [
    (200, said(f"hello {SECRET}")),
    (200, said(f"{BREAKS_SCORE} {SECRET}")),
    (200, said(f"{BREAKS_ANSWER} {SECRET}")),
    (200, SECRET.encode()),
    (200, json.dumps({"error": {"type": SECRET, "message": SECRET}}).encode()),
    (500, SECRET.encode()),
    (0, SECRET.encode()),
]


def a_configuration(base: str, int8: str, traffic: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": {
            "base": {"url": base},
            "int8": {"url": int8, "bearer_token": KEY, "budget": {"tokens_per_day": 1_000_000}},
        },
        "routes": {"chat": {"baseline": "base", "codec": "stranger"}},
        "trials": {
            "int8": {
                "route": "chat",
                "optimized": "int8",
                "scorers": ["text", "label", "safety", "service", "stranger"],
                "labels": {"expected": "some", "maturity_seconds": 0.5},
            }
        },
        "traffic": traffic,
        "proxy": {"listen": f"127.0.0.1:{free_port()}"},
        "console": {"listen": f"127.0.0.1:{free_port()}"},
        "daemon": {"tick_seconds": 0.2, "flush_seconds": 0.1, "drain_seconds": 1},
        "telemetry": {"log_format": "json", "log_level": "debug"},
    }


REQUESTS: list[tuple[str, str, bytes]] = [
    ("POST", "/v1/chat/completions", b'{"messages": [{"role": "user", "content": "%s"}]}'),
    ("POST", "/v1/chat/completions?key=%s", b'{"messages": "%s"}'),
    ("POST", "/v1/chat/completions?key=%s", b"not JSON %s"),
    ("POST", "/v1/chat/completions?key=%s", BREAKS_READING.encode() + b" %s"),
    ("DELETE", "/v1/files/%s", b""),
    ("GET", "/v1/models/%s", b""),
]


async def ask(daemon: Daemon, number: int, exchange_id: str) -> None:
    """Ask one of the questions, with a secret wherever one can be."""
    method, target, body = REQUESTS[number % len(REQUESTS)]
    host = daemon.settings["proxy"]["listen"]
    headers = {
        "authorization": f"Bearer {SECRET}",
        "cookie": f"session={SECRET}",
        "x-api-key": SECRET,
        "x-user-name": SECRET,
        "x-request-id": exchange_id,
        "content-type": "application/json",
    }
    filled = body % SECRET.encode() if b"%s" in body else body
    url = f"http://{host}{target % SECRET if '%s' in target else target}"
    assert daemon.session
    with contextlib.suppress(aiohttp.ClientError):
        async with daemon.session.request(method, url, data=filled, headers=headers) as answer:
            await answer.read()


async def malformed(daemon: Daemon) -> None:
    """Send what is no request."""
    host, _, port = daemon.settings["proxy"]["listen"].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{SECRET} HTTP/1.1\r\n{SECRET}\r\n\r\n".encode())
    await writer.drain()
    await reader.read()
    writer.close()


async def told(daemon: Daemon) -> str:
    """Return all that its console tells."""
    paths = ("/metrics", "/api/v1/status", "/api/v1/trials/int8", "/api/v1/journal?limit=200")
    return "".join([str(await daemon.get(path)) for path in paths])


def written(folder: Path) -> dict[str, bytes]:
    """Return every file it wrote; its configuration, which holds its own key, is another's."""
    return {
        path.name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "shadowmon.yaml"
    }


@pytest.mark.parametrize(
    ("traffic", "exchange_id"),
    [
        ({"privacy": "redacted", "redaction": {"patterns": [r"canary-\w+"]}}, "x"),
        ({"privacy": "scores_only"}, SECRET),
    ],
)
async def test_planted_secrets_appear_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traffic: dict[str, Any], exchange_id: str
) -> None:
    """
    Requests and answers full of secrets, good ones and every kind that breaks something: none of
    it is in a log, the database, a metric, or what the console tells; nor is the daemon's own key.
    """
    plugins, home = tmp_path / "plugins", tmp_path / "home"
    plugins.mkdir()
    home.mkdir()
    install(plugins)
    monkeypatch.setenv("PYTHONPATH", f"{plugins}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    async with a_model(BASELINE) as base, a_model(OPTIMIZED) as int8:
        async with running(home, a_configuration(base, int8, traffic)) as daemon:
            for number in range(70):
                await ask(daemon, number, f"{exchange_id}-{number}")
            await malformed(daemon)
            label = {"exchange_id": f"{exchange_id}-0", "label": f"hello {SECRET}"}
            assert (await daemon.post("/api/v1/labels", [label]))[0] < 300

            async def all_fates() -> bool:
                metrics = await daemon.get("/metrics")
                return 'scorer_failures_total{scorer="stranger"} 0' not in metrics and all(
                    f'trial_exchanges_total{{trial="int8",fate="{fate}"}} 0' not in metrics
                    for fate in ("mirrored", "refused", "skipped", "failed")
                )

            await daemon.until(all_fates)
            answers = await told(daemon)
        log = daemon.log

    assert "daemon.exchange_failed" in log
    assert "KeyError < stranger.py:" in log
    for secret in (SECRET, KEY):
        assert secret not in answers
        assert [name for name, found in written(home).items() if secret.encode() in found] == []
