"""
An API server with one object: it guards it, validates it, and can be told to misbehave.

What a real one does and this one does as well: every change makes another resourceVersion; a JSON
Patch is done whole or not at all, a failed `test` in it is answered 422; what does not follow the
schema is answered 422; a call without the token is answered 401.
"""

from __future__ import annotations

import asyncio
import copy
import json

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from aiohttp import web


TOKEN = "a-service-account"
SCHEMAS = Path(__file__).parent / "data" / "kubernetes"


@dataclass
class KubernetesApi:
    """The server, for a test to look into."""

    found: dict[str, Any]
    schema: str
    path: str
    faults: deque[str] = field(default_factory=deque)
    """What is done to the next PATCHes: conflict, busy, error, cut, lost, meddled, late (done
    once `may_go_on` is set)."""
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    """Methods, in order."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """The spec after each change that a patch made."""

    def __post_init__(self) -> None:
        schema = json.loads((SCHEMAS / self.schema).read_text())
        self._validator = jsonschema_rs.validator_for(schema)
        self._validator.validate(self.found)
        self.found["metadata"]["resourceVersion"] = "1"

    def change(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Let somebody else change the object."""
        change(self.found)
        version = int(self.found["metadata"]["resourceVersion"]) + 1
        self.found["metadata"]["resourceVersion"] = str(version)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self.asked.append(request.method)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        if request.path != self.path:
            return _status(404, f"{request.path} not found")
        if request.method == "GET":
            return web.json_response(self.found)
        fault = self.faults.popleft() if self.faults else ""
        match fault:
            case "conflict":
                return _status(409, "the object has been modified")
            case "busy":
                return _status(429, "too many requests", {"Retry-After": "30"})
            case "error":
                return _status(500, "etcdserver: leader changed")
            case "forbidden":
                return _status(403, "shadowmon cannot patch it")
            case "cut":
                return await _cut(request)
            case "meddled":
                self.change(lambda found: found["metadata"].setdefault("labels", {}).update(a="b"))
            case "late":
                operations = await request.json()
                await self.may_go_on.wait()
                return self._patched(request, operations)
            case _:
                pass
        answer = self._patched(request, await request.json())
        return await _cut(request) if fault == "lost" else answer

    def _patched(self, request: web.Request, operations: list[dict[str, Any]]) -> web.Response:
        if request.content_type != "application/json-patch+json":
            return _status(415, f"not a patch: {request.content_type}")
        patched = copy.deepcopy(self.found)
        for operation in operations:
            if problem := _apply(patched, operation):
                return _status(422, problem)
        if not self._validator.is_valid(patched):
            return _status(422, "it does not follow the schema")
        if patched["spec"] != self.found["spec"]:
            self.found = patched
            self.changes.append(copy.deepcopy(patched["spec"]))
            self.change(lambda _: None)
        return web.json_response(self.found)


def _apply(target: dict[str, Any], operation: dict[str, Any]) -> str:
    """Do one operation of RFC 6902 (add, replace, test); say what is wrong with it."""
    *parents, last = operation["path"].removeprefix("/").split("/")
    here: Any = target
    try:
        for step in parents:
            here = here[int(step)] if isinstance(here, list) else here[step]
    except (KeyError, IndexError):
        return f"{operation['path']} is not there"
    if operation["op"] == "test":
        return "" if here.get(last) == operation["value"] else f"test failed: {operation['path']}"
    if operation["op"] == "replace" and last not in here:
        return f"{operation['path']} is not there"
    here[last] = operation["value"]
    return ""


def _status(code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}
    return web.json_response(body, status=code, headers=headers)


async def _cut(request: web.Request) -> web.StreamResponse:
    """Begin an answer, and end the connection in the middle of it."""
    answer = web.StreamResponse(headers={"content-length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"kind":')
    if request.transport is not None:
        request.transport.abort()
    return answer


@asynccontextmanager
async def serving(api: KubernetesApi) -> AsyncIterator[KubernetesApi]:
    """Serve it on loopback."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        api.url = f"http://{host}:{port}"
        yield api
    finally:
        await runner.cleanup()
