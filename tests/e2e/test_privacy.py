"""What people say, and what opens doors, is nowhere in all that a daemon writes or tells."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import canaries
from tests.canaries import CUTS, HANGS, HEADERS, PERSON, PRIVACIES, RESETS, SAID, SECRET, chat
from tests.daemons import Daemon, running
from tests.integration.telemetry.collectors import a_collector
from tests.ports import free_port
from tests.strangers import BREAKS_ANSWER, BREAKS_READING, BREAKS_SCORE, install


QUICK = [(200, chat(SAID))]
BREAKING = [
    (200, chat(SAID)),
    (200, chat(f"{BREAKS_SCORE} {SAID}")),
    (200, chat(f"{BREAKS_ANSWER} {SAID}")),
    (200, SECRET.encode()),
    (200, json.dumps({"error": {"type": SECRET, "message": SAID}}).encode()),
    (500, SAID.encode()),
    (CUTS, SAID.encode()),
]
STREAMS = [
    (200, canaries.streamed("hello ", SAID)),
    (200, canaries.streamed("hello ", SECRET[:6], SECRET[6:])),
    (200, canaries.streamed_call()),
    (200, canaries.tool_call()),
]
BROKEN_STREAMS = [
    *STREAMS,
    (200, canaries.streamed(SAID, end=f"data: {SECRET}\n\n".encode())),
    (200, canaries.streamed(SAID, end=b"")),
    (CUTS, canaries.streamed(SAID, end=b"")),
    (HANGS, b""),
    (RESETS, b""),
    (503, SAID.encode()),
]

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
    filled = body % SECRET.encode() if b"%s" in body else body
    await send(daemon, method, target % SECRET if "%s" in target else target, filled, exchange_id)


async def send(daemon: Daemon, method: str, target: str, body: bytes, exchange_id: str) -> None:
    """Send a user's request, as full of secrets as its headers can be."""
    url = f"http://{daemon.settings['proxy']['listen']}{target}"
    headers = {**HEADERS, "x-request-id": exchange_id, "content-type": "application/json"}
    assert daemon.session
    with contextlib.suppress(aiohttp.ClientError):
        async with daemon.session.request(method, url, data=body, headers=headers) as answer:
            await answer.read()


async def malformed(daemon: Daemon) -> None:
    """Send what is no request."""
    host, _, port = daemon.settings["proxy"]["listen"].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{SECRET} HTTP/1.1\r\n{SECRET}\r\n\r\n".encode())
    await writer.drain()
    await reader.read()
    writer.close()


def by_proxy(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Let requests come in by the proxy, which keeps an access log."""
    settings["proxy"] = {
        "listen": f"127.0.0.1:{free_port()}",
        "access_log": {"path": str(folder / "access.jsonl")},
    }
    return settings


@pytest.mark.parametrize(("traffic", "exchange_id"), PRIVACIES)
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
    async with canaries.a_model(QUICK) as base, canaries.a_model(BREAKING) as int8:
        settings = canaries.a_configuration(base, int8, traffic, scorers=["stranger"])
        settings["routes"]["chat"]["codec"] = "stranger"
        async with running(home, by_proxy(settings, home)) as daemon:
            for number in range(70):
                await ask(daemon, number, f"{exchange_id}-{number}")
            await malformed(daemon)
            label = {"exchange_id": f"{exchange_id}-0", "label": SAID}
            assert (await daemon.post("/api/v1/labels", [label]))[0] < 300

            async def all_fates() -> bool:
                metrics = await daemon.get("/metrics")
                return 'scorer_failures_total{scorer="stranger"} 0' not in metrics and all(
                    f'trial_exchanges_total{{trial="int8",fate="{fate}"}} 0' not in metrics
                    for fate in ("mirrored", "refused", "skipped", "failed")
                )

            await daemon.until(all_fates)
            answers = await canaries.told(daemon)
        log = daemon.log

    assert "daemon.exchange_failed" in log
    assert "KeyError < stranger.py:" in log
    assert canaries.found(home, answers) == []


@pytest.mark.parametrize(("traffic", "exchange_id"), PRIVACIES)
async def test_streams_calls_and_failures_leave_nothing(
    tmp_path: Path, traffic: dict[str, Any], exchange_id: str
) -> None:
    """
    Streams, proposed calls, and models that hang, break off, or answer garbage: nothing of what
    was said is in a file, in what the console tells, or in a span.
    """
    async with (
        canaries.a_model(STREAMS) as base,
        canaries.a_model(BROKEN_STREAMS) as int8,
        a_collector() as collector,
    ):
        settings = canaries.a_configuration(base, int8, traffic)
        tracing = {"otlp_endpoint": collector.url, "sample_rate": 1.0}
        settings["telemetry"]["tracing"] = tracing
        async with running(tmp_path, by_proxy(settings, tmp_path)) as daemon:
            tools = [{"type": "function", "function": {"name": "look_up", "description": PERSON}}]
            bodies = [
                json.dumps(canaries.a_question(**more)).encode()
                for more in ({"stream": True}, {"tools": tools}, {"stream": True, "tools": tools})
            ]
            for number in range(40):
                body = bodies[number % len(bodies)]
                await send(daemon, "POST", "/v1/chat/completions", body, f"{exchange_id}-{number}")

            async def all_outcomes() -> bool:
                metrics = await daemon.get("/metrics")
                return all(
                    re.search(f'replies_total{{model="int8",outcome="{each}"}} [1-9]', metrics)
                    for each in ("ok", "timeout", "reset", "garbage", "error")
                )

            await daemon.until(all_outcomes)
            answers = await canaries.told(daemon)

    names = {span.name for span in collector.spans()}
    assert names == {"mirror.model_called", "scoring.pairs_scored"}
    assert canaries.found(tmp_path, answers, *collector.bodies) == []
