"""Planted secrets and personal words, models that say them in every way, and where to look."""

from __future__ import annotations

import asyncio
import contextlib
import json

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.daemons import Daemon
from tests.ports import free_port


SECRET = "canary-7f3a"
"""In every place where a secret can be; the configuration's own are other ones."""
PERSON = "ann.canary@example.org"
"""What a user says of herself."""
KEY = "door-opener-51c2"
"""The configuration's own credentials."""
PLANTED = (SECRET, PERSON, KEY)

PRIVACIES: list[tuple[dict[str, Any], str]] = [
    (
        {
            "privacy": "redacted",
            "redaction": {"patterns": [r"canary-\w+", r"[\w.]+@example\.org"]},
        },
        "x",
    ),
    ({"privacy": "scores_only"}, SECRET),
]
"""Settings of traffic, and how exchanges' ids may begin."""

SAID = f"hello {SECRET}, I am {PERSON}"


def chat(text: str) -> bytes:
    """Return an answer of OpenAI's."""
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def tool_call() -> bytes:
    """Return an answer that proposes a call."""
    function = {"name": "look_up", "arguments": json.dumps({"who": PERSON, "key": SECRET})}
    call = {"id": SECRET, "type": "function", "function": function}
    choice = {"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    return json.dumps({"choices": [choice]}).encode()


def streamed(*texts: str, end: bytes = b"data: [DONE]\n\n") -> bytes:
    """Return an answer piece by piece, as server-sent events."""
    chunks = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + end


def streamed_call() -> bytes:
    """Return a proposed call piece by piece, the secret cut over two of them."""
    cut = len(SECRET) // 2
    pieces = ('{"key": "' + SECRET[:cut], SECRET[cut:] + '", "who": "' + PERSON + '"}')
    deltas = [
        {"tool_calls": [{"index": 0, "id": SECRET, "function": {"name": "look_up"}}]},
        *({"tool_calls": [{"index": 0, "function": {"arguments": each}}]} for each in pieces),
    ]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + DONE


DONE = b"data: [DONE]\n\n"
HANGS, CUTS, RESETS = 1, 2, 3
"""Instead of a status: no answer; an answer that ends in the middle; none, and the end."""


@contextlib.asynccontextmanager
async def a_model(answers: Sequence[tuple[int, bytes]]) -> AsyncIterator[str]:
    """Serve these statuses and bodies in turn."""
    turn = 0
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal turn
        await request.read()
        status, body = answers[turn % len(answers)]
        turn += 1
        is_stream = body.startswith(b"data:")
        kind = "text/event-stream" if is_stream else "application/json"
        headers = {"content-type": kind, "x-name": SECRET, "set-cookie": f"session={SECRET}"}
        if status not in {HANGS, CUTS, RESETS}:
            return web.Response(status=status, body=body, headers=headers)
        response = web.StreamResponse(headers={**headers, "content-length": "9999"})
        if status == HANGS:
            await over.wait()
        if status == CUTS:
            await response.prepare(request)
            await response.write(body)
        if request.transport:  # who hung was left in the meantime
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
        over.set()
        await runner.cleanup()


def a_configuration(
    base: str, int8: str, traffic: dict[str, Any], *, scorers: Iterable[str] = ()
) -> dict[str, Any]:
    """Return a configuration that says as much as it can, about everything."""
    return {
        "models": {
            "base": {"url": base, "timeout_seconds": 0.5},
            "int8": {
                "url": int8,
                "bearer_token": KEY,
                "timeout_seconds": 0.5,
                "budget": {"tokens_per_day": 1_000_000},
            },
        },
        "routes": {
            "chat": {"baseline": "base", "sticky": {"header": "x-user-name"}},
        },
        "trials": {
            "int8": {
                "route": "chat",
                "optimized": "int8",
                "task": "custom",
                "scorers": ["text", "label", "safety", "service", "tools", *scorers],
                "labels": {"expected": "some", "maturity_seconds": 0.5},
            }
        },
        "traffic": traffic,
        "console": {"listen": f"127.0.0.1:{free_port()}"},
        "daemon": {"tick_seconds": 0.2, "flush_seconds": 0.1, "drain_seconds": 1},
        "telemetry": {"log_format": "json", "log_level": "debug"},
    }


def a_question(**more: Any) -> dict[str, Any]:
    """Return a request's body."""
    return {"model": "m", "messages": [{"role": "user", "content": SAID}], "user": PERSON, **more}


HEADERS = {
    "authorization": f"Bearer {SECRET}",
    "cookie": f"session={SECRET}",
    "x-api-key": SECRET,
    "x-user-name": PERSON,
}
"""Of a user's request."""


async def told(daemon: Daemon) -> str:
    """Return all that its console tells."""
    paths = ("/metrics", "/api/v1/status", "/api/v1/trials/int8", "/api/v1/journal?limit=200")
    return "".join([str(await daemon.get(path)) for path in paths])


def found(folder: Path, *said: str | bytes) -> list[str]:
    """Return where anything planted is: in a file that was written, or in what was told."""
    places = {
        path.name: path.read_bytes()
        for path in folder.rglob("*")
        # Its configuration, which holds its own key, is another's.
        if path.is_file() and path.name != "shadowmon.yaml"
    }
    assert {"daemon.log", "shadowmon.db"} <= set(places)
    for number, each in enumerate(said):
        places[f"said[{number}]"] = each if isinstance(each, bytes) else each.encode()
    return [
        f"{planted} in {name}"
        for name, content in places.items()
        for planted in PLANTED
        if planted.encode() in content
    ]
