"""
The listener for events: what others saw of production, told after the fact.

| request | what it tells |
|---|---|
| POST /litellm | LiteLLM's payloads: one, an array, or one a line |
| POST /api/v1/pairs/TRIAL | pairs with both answers, one a line (daemon/live_pairs.py) |
| POST of a CloudEvent, or of a batch of them, anywhere else | KServe's and Seldon's loggers |

Loggers may hold up the model server that they log, so that:

Rule 1: the body is read within bounds, answered, and then worked on; nothing waits for anybody.
Rule 2: what is wrong with one event is counted and told for that event. All others are taken.
Rule 3: one CloudEvent is answered 200, for KServe takes any other status for a failure.
"""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from shadowmon.errors import CodecError
from shadowmon.records import ExchangeId, Headers, TrialId
from shadowmon.traffic import inference_events, litellm, ready_pairs
from shadowmon.traffic.bodies import Bodies, TooLargeError, TooMuchError
from shadowmon.traffic.cloud_events import read_events
from shadowmon.traffic.codecs import content_coding
from shadowmon.traffic.guarded_server import GuardedServer, Guards
from shadowmon.traffic.inference_events import Services
from shadowmon.traffic.joining import Fate, Joining
from shadowmon.traffic.litellm import Gateway
from shadowmon.traffic.ready_pairs import ReadyPair, ReadyPairs
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.sender import may_send
from shadowmon.traffic.settings import EventsSettings, RouteSettings
from shadowmon.traffic.sighting import Sighting, SightingError


LITELLM_PATH = "/litellm"
SOURCES = (inference_events.SOURCE, litellm.SOURCE, ready_pairs.SOURCE)
"""Every source, for whoever counts them from the start."""

_LARGE = 256 * 1024
"""Bytes that are read on another thread, so that the loop turns meanwhile."""
_PROBLEMS_MAX = 100
"""Of one request, that are told; all are counted."""


@dataclass(slots=True)
class _Read:
    """What one request brought."""

    source: str
    sightings: list[Sighting] = field(default_factory=list)
    pairs: list[ReadyPair] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Place in the batch, and why it was refused."""
    is_single: bool = False


class Events:
    """Answers the listener's requests."""

    def __init__(
        self,
        settings: EventsSettings,
        *,
        routes: Mapping[str, RouteSettings],
        sampling: Sampling,
        joining: Joining,
        pairs: ReadyPairs,
        count: Callable[[str, Fate], None],
    ) -> None:
        """
        Args:
            settings: Limits, deadlines, and what the names in events stand for.
            routes: By name; they say which share is watched.
            sampling: Says which exchanges are watched.
            joining: Takes sightings in.
            pairs: Takes pairs in.
            count: Told the source and the fate of every event, once.

        """
        self._settings = settings
        self._routes = routes
        self._sampling = sampling
        self._joining = joining
        self._pairs = pairs
        self._count = count
        self._services = Services(settings.services, routes)
        self._gateway = Gateway(settings.litellm, routes)
        self._bodies = Bodies(settings)
        secret = settings.token
        self._token = None if secret is None else secret.get_secret_value()

    def server(self) -> web.Server:
        """Return the server; run it by `web.ServerRunner`."""
        return GuardedServer(
            self.answer,
            guards=Guards(
                head_timeout_seconds=self._settings.head_timeout_seconds,
                connections_max=self._settings.connections_max,
            ),
            on_bad_head=lambda: self._count(inference_events.SOURCE, Fate.REFUSED),
            on_full=lambda: self._count(inference_events.SOURCE, Fate.SHED),
        )

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take a request's events in."""
        source = _source(request)
        try:
            _refuse_others(request, self._token)
            body = await self._bodies.read(request)
            found = await self._read(request, body)
        except (TooMuchError, web.HTTPException, SightingError, *_BROKEN) as error:
            return self._refused(source, error)
        response = _told(found)
        with suppress(ConnectionError):  # it came whole, whoever still waits for an answer
            await response.prepare(request)
            await response.write_eof()
        self._take(found)
        return response

    def _refused(self, source: str, error: Exception) -> web.StreamResponse:
        self._count(source, Fate.SHED if isinstance(error, TooMuchError) else Fate.REFUSED)
        response = _refusal(error)
        response.force_close()
        return response

    # --- what is in it ---

    async def _read(self, request: web.BaseRequest, body: bytes) -> _Read:
        headers = _fields(request)
        try:
            room = self._settings.body_max_bytes
            plain = content_coding.plain(headers, body, decoded_max=room)
        except CodecError as error:
            raise SightingError(str(error)) from None
        reader = self._reader(request.raw_path, headers)
        return await asyncio.to_thread(reader, plain) if len(plain) > _LARGE else reader(plain)

    def _reader(self, target: str, headers: Headers) -> Callable[[bytes], _Read]:
        trial = ready_pairs.trial_of(target)
        if trial is not None:
            return partial(self._read_pairs, trial)
        return self._read_payloads if _is_litellm(target) else partial(self._read_events, headers)

    def _read_pairs(self, trial: TrialId, body: bytes) -> _Read:
        found = _Read(ready_pairs.SOURCE)
        for place, line in enumerate(body.split(b"\n")):
            try:
                if line.strip():
                    found.pairs.append(self._pairs.read(trial, line))
            except SightingError as error:
                found.problems.append((place, str(error)))
        return found

    def _read_payloads(self, body: bytes) -> _Read:
        found = _Read(litellm.SOURCE)
        for place, each in enumerate(litellm.read_payloads(body)):
            try:
                if isinstance(each, SightingError):
                    raise each
                found.sightings.append(self._gateway.read(each))
            except (SightingError, CodecError) as error:
                found.problems.append((place, str(error)))
        return found

    def _read_events(self, headers: Headers, body: bytes) -> _Read:
        found = _Read(inference_events.SOURCE)
        events = read_events(headers, body)
        found.is_single = len(events) == 1
        for place, each in enumerate(events):
            try:
                if isinstance(each, SightingError):
                    raise each
                found.sightings.append(self._services.read(each))
            except (SightingError, CodecError) as error:
                found.problems.append((place, str(error)))
        return found

    # --- what becomes of it ---

    def _take(self, found: _Read) -> None:
        for _ in found.problems:
            self._count(found.source, Fate.REFUSED)
        for pair in found.pairs:
            self._count(found.source, self._pairs.take(pair))
        for sighting in found.sightings:
            rate = self._routes[sighting.route].sample_rate
            if self._sampling.is_kept(ExchangeId(sighting.id), rate):
                self._joining.take(sighting)
            else:
                self._count(found.source, Fate.SAMPLED_OUT)


_BROKEN = (TooLargeError, TimeoutError, ConnectionError, web.RequestPayloadError)


def _fields(request: web.BaseRequest) -> Headers:
    """Return the head's fields; bytes that are no UTF-8 become U+FFFD, which can be written on."""
    return tuple(
        (name.decode("utf-8", "replace").lower(), value.decode("utf-8", "replace"))
        for name, value in request.raw_headers
    )


def _is_litellm(target: str) -> bool:
    return target.partition("?")[0] == LITELLM_PATH


def _source(request: web.BaseRequest) -> str:
    if ready_pairs.trial_of(request.raw_path) is not None:
        return ready_pairs.SOURCE
    return litellm.SOURCE if _is_litellm(request.raw_path) else inference_events.SOURCE


def _refuse_others(request: web.BaseRequest, token: str | None) -> None:
    """
    Refuse what is no post, and who may not send.

    Raises:
        web.HTTPException: With the status, before the body is read.

    """
    if request.method != "POST":
        raise web.HTTPMethodNotAllowed(request.method, ["POST"])
    if not may_send(request.headers, token):
        raise web.HTTPUnauthorized(text="send traffic.events.token, and not from a browser")


def _refusal(error: Exception) -> web.Response:
    if isinstance(error, web.HTTPException):
        return web.Response(status=error.status, text=error.text)
    statuses: tuple[tuple[type[Exception], int], ...] = (
        (SightingError, 400),
        (TooMuchError, 429),
        (TooLargeError, 413),
        (TimeoutError, 408),
    )
    status = next((code for kind, code in statuses if isinstance(error, kind)), 400)
    return web.Response(status=status, text=str(error) if status == 400 else None)  # noqa: PLR2004


def _told(found: _Read) -> web.Response:
    if found.is_single:
        if found.problems:
            return web.Response(status=400, text=found.problems[0][1])
        return web.Response(status=200)
    told = {
        "taken": len(found.sightings) + len(found.pairs),
        "refused": [
            {"place": place, "problem": why} for place, why in found.problems[:_PROBLEMS_MAX]
        ],
    }
    return web.json_response(told, status=422 if found.problems else 202)
