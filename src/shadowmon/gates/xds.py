"""
REST discovery for Envoy (xDS v3, https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol):
a question is held until there is news, so that a weight is in effect within milliseconds.

Rule 1: an Envoy that holds what is handed out waits; after `hold_seconds` it is answered 304 and
        asks again.
Rule 2: before a weight was set nothing is handed out: an Envoy keeps what it has.
Rule 3: at shutdown every held question is let go at once.
Rule 4: of a question only the version, the names and the node's id are read; the rest of `node`
        (some 80 kB) is never kept or logged.
"""

from __future__ import annotations

import asyncio
import contextlib

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from aiohttp import web

from shadowmon.errors import Complaint, ConfigError
from shadowmon.gates.answer import body_of


PATH = "/v3/discovery:{kind}"
"""Asked by POST, and nothing is changed by it."""
HOLD_SECONDS = 25.0
"""Below Envoy's `request_timeout` of 30 s."""
_NAME_MAX = 256
_TYPE_URLS: Mapping[str, str] = {
    "runtime": "type.googleapis.com/envoy.service.runtime.v3.Runtime",
    "routes": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}

KINDS = tuple(_TYPE_URLS)


class Handed(Protocol):
    """One resource that is handed out."""

    kind: Any
    """`runtime` or `routes`."""
    name: str
    version: str | None

    def resource(self) -> Mapping[str, Any]:
        """Return it."""
        ...

    def note(self, node: str, version: str, is_connected: Callable[[], bool]) -> None:
        """Take in that an Envoy asked."""
        ...

    async def changed(self, version: str) -> None:
        """Return once there is another version than this one."""
        ...


class _Node(msgspec.Struct):
    id: str = ""


class _Asked(msgspec.Struct):
    """A DiscoveryRequest, as far as it is read; in JSON both spellings of a field are right."""

    version_info: str | None = None
    version_camel: str | None = msgspec.field(name="versionInfo", default=None)
    resource_names: list[str] | None = None
    resource_camel: list[str] | None = msgspec.field(name="resourceNames", default=None)
    node: _Node = msgspec.field(default_factory=_Node)

    @property
    def version(self) -> str:
        return self.version_info or self.version_camel or ""

    @property
    def names(self) -> list[str]:
        return self.resource_names or self.resource_camel or []


class Xds:
    """All that is handed out to Envoys."""

    def __init__(self, handed: Iterable[Handed], *, hold_seconds: float = HOLD_SECONDS) -> None:
        """
        Raises:
            ConfigError: If two trials would hand out one resource.

        """
        self._handed: dict[tuple[str, str], Handed] = {}
        for each in handed:
            key = (str(each.kind), each.name)
            if key in self._handed:
                problem = f"two trials hand out {key[0]} {key[1]} to Envoy"
                hint = "give each its own actuator.resource"
                raise ConfigError(Complaint(key="trials", problem=problem, hint=hint))
            self._handed[key] = each
        self._hold_seconds = hold_seconds
        self._stopping = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [web.post(PATH, self.discover)]

    def release(self) -> None:
        """Let every held question go, now and from now on."""
        self._stopping.set()

    async def discover(self, request: web.Request) -> web.Response:
        """Answer one question, once there is news."""
        try:
            asked = msgspec.json.decode(await body_of(request), type=_Asked)
        except msgspec.MsgspecError:
            return web.Response(status=400, text="this is no DiscoveryRequest in JSON\n")
        kind = request.match_info["kind"]
        handed = next(
            (found for name in asked.names if (found := self._handed.get((kind, name)))), None
        )
        if handed is None:
            known = ", ".join(sorted(f"{one} {name}" for one, name in self._handed)) or "nothing"
            return web.Response(status=404, text=f"not handed out here; there is: {known}\n")
        node = f"{asked.node.id}@{request.remote}"[:_NAME_MAX]
        handed.note(node, asked.version, lambda: not _is_gone(request))
        await self._wait(handed, asked.version)
        if self._stopping.is_set() or handed.version in {None, asked.version}:
            return web.Response(status=304)
        return _answer(kind, handed)

    async def _wait(self, handed: Handed, version: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._hold_seconds), asyncio.TaskGroup() as tasks:
                waiting = [
                    tasks.create_task(handed.changed(version)),
                    tasks.create_task(_true(self._stopping)),
                ]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in waiting:
                    each.cancel()


async def _true(event: asyncio.Event) -> None:
    await event.wait()


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _answer(kind: str, handed: Handed) -> web.Response:
    return web.json_response(
        {
            "version_info": handed.version,
            "type_url": _TYPE_URLS[kind],
            "resources": [handed.resource()],
        }
    )
