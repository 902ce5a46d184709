"""
The tap: where a mirror (Envoy, Istio, nginx) sends its copies of production's requests.

A mirror may make its users wait for us, so that:

Rule 1: the whole body is read before anything is answered. Envoy cuts a copy short whose answer
comes early. (Over the size limit the rest is not wanted, and 413 comes at once.)
Rule 2: 202 is answered as soon as the body is there, and the work comes after. nginx holds its
user's connection until the answer comes.
Rule 3: whatever goes wrong here is counted, and never told to the peer as a failure of ours.
"""

from __future__ import annotations

import enum
import re

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.ipc.handover import ExchangeHead
from shadowmon.records import SHADOW_HEADER, ExchangeId, RouteName
from shadowmon.traffic.bodies import Bodies, TooLargeError, TooMuchError
from shadowmon.traffic.guarded_server import GuardedServer, Guards
from shadowmon.traffic.routing import Routing
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.settings import RouteSettings, TapSettings


SOURCE = "tap"
OUR_OWN = SHADOW_HEADER.encode()
ID_MAX = 256

_SHADOW_HOST = re.compile(rb"-shadow(?=(?::\d+)?$)")


class Fate(enum.StrEnum):
    """What became of a request that came to the tap."""

    MIRRORED = "mirrored"
    SAMPLED_OUT = "sampled_out"
    SHED = "shed"
    """Our own limits: no room for it further down, or too much of it at one time."""
    REFUSED = "refused"
    """On no route, too large, too slow, broken off, malformed, or a shadow call of our own."""


def make_tap(
    settings: TapSettings,
    *,
    routes: Mapping[str, RouteSettings],
    sampling: Sampling,
    hand_over: Callable[[ExchangeHead, bytes], bool],
    count: Callable[[Fate], None],
    clock: Clock,
    make_id: Callable[[], str] = lambda: uuid4().hex,
) -> web.Server:
    """
    Return the tap's server; run it by `web.ServerRunner`.

    Args:
        settings: Limits and deadlines.
        routes: By name; a request on none of them is refused.
        sampling: Says which exchanges are watched.
        hand_over: Takes an exchange and its request's body; False if there was no room. Must not
            wait.
        count: Told the fate of every request, once.
        clock: Tells when a request was received.
        make_id: Names an exchange that brought no name.
    """
    tap = _Tap(
        settings=settings,
        routes=routes,
        routing=Routing(routes),
        sampling=sampling,
        hand_over=hand_over,
        count=count,
        clock=clock,
        make_id=make_id,
        bodies=Bodies(settings),
    )
    return GuardedServer(
        tap.answer,
        guards=Guards(
            head_timeout_seconds=settings.head_timeout_seconds,
            connections_max=settings.connections_max,
        ),
        on_bad_head=lambda: count(Fate.REFUSED),
        on_full=lambda: count(Fate.SHED),
    )


@dataclass(kw_only=True)
class _Tap:
    """What `make_tap` was told."""

    settings: TapSettings
    routes: Mapping[str, RouteSettings]
    routing: Routing
    sampling: Sampling
    hand_over: Callable[[ExchangeHead, bytes], bool]
    count: Callable[[Fate], None]
    clock: Clock
    make_id: Callable[[], str]
    bodies: Bodies

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Read a copy, answer it, then hand it over."""
        received_at = self.clock.now().timestamp()
        try:
            body = await self.bodies.read(request)
        except TooLargeError:
            return self._refused(Fate.REFUSED, web.HTTPRequestEntityTooLarge.status_code)
        except TooMuchError:
            return self._refused(Fate.SHED, web.HTTPServiceUnavailable.status_code)
        except TimeoutError:
            return self._refused(Fate.REFUSED, web.HTTPRequestTimeout.status_code)
        except (ConnectionError, web.RequestPayloadError):  # the peer broke off, or sent nonsense
            return self._refused(Fate.REFUSED, web.HTTPBadRequest.status_code)
        response = web.Response(status=web.HTTPAccepted.status_code)
        with suppress(ConnectionError):  # it came whole, whoever still waits for an answer
            await response.prepare(request)
            await response.write_eof()
        self.count(self._take(request, body, received_at))
        return response

    def _refused(self, fate: Fate, status: int) -> web.StreamResponse:
        self.count(fate)
        response = web.Response(status=status)
        response.force_close()
        return response

    def _take(self, request: web.BaseRequest, body: bytes, received_at: float) -> Fate:
        target = request.raw_path.encode("utf-8", "surrogateescape")
        route = self.routing.route_of(target.decode("latin-1"))
        headers = [(name.lower(), value) for name, value in request.raw_headers]
        if route is None or any(name == OUR_OWN for name, _ in headers):
            return Fate.REFUSED
        exchange_id = self._id(route, headers)
        if not self.sampling.is_kept(exchange_id, self.routes[route].sample_rate):
            return Fate.SAMPLED_OUT
        head = ExchangeHead(
            id=exchange_id,
            route=route,
            source=SOURCE,
            method=request.method.encode(),
            target=target,
            headers=b"\r\n".join(
                b"%b: %b" % (name, original_host(value) if name == b"host" else value)
                for name, value in headers
            ),
            received_at=received_at,
            served=None,
            failed_first=None,
            body_bytes=len(body),
        )
        return Fate.MIRRORED if self.hand_over(head, body) else Fate.SHED

    def _id(self, route: RouteName, headers: list[tuple[bytes, bytes]]) -> ExchangeId:
        wanted = self.routes[route].request_id_header.lower().encode()
        given = next((value for name, value in headers if name == wanted), b"")
        text = given.decode("utf-8", "replace").strip()
        return ExchangeId(text if 0 < len(text) <= ID_MAX else self.make_id())


def original_host(host: bytes) -> bytes:
    """
    Return the host that the user asked for.

    Envoy marks a copy with `-shadow`, before the port: `api-shadow:8080` was `api:8080`.
    """
    return _SHADOW_HOST.sub(b"", host, count=1)
