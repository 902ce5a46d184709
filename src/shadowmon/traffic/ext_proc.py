"""
The source behind Envoy's external processing filter in observability mode: real answers, observed.

Envoy tells of each request and of its answer piece by piece, waits for nothing, and users wait for
nobody. So the user's own answer is compared, and only the other model is called.

Rule 1: nothing is ever sent back. An Envoy that would wait for an answer (observability mode off)
        is let go at once.
Rule 2: a stream is left as soon as nothing more is wanted of it: at the answer's end, or once it
        is known that the exchange is not ours, not sampled or too large. Else it would count
        against Envoy's `max_requests` for five seconds more.
Rule 3: what is held is bounded: streams in number and in time, exchanges in bytes, each and all.
Rule 4: every stream has exactly one end and one fate, told when it is over.
"""

from __future__ import annotations

import asyncio
import enum

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import structlog

from shadowmon.clock import Clock
from shadowmon.errors import CodecError
from shadowmon.ipc.handover import Parcel
from shadowmon.records import SHADOW_HEADER, ExchangeId, ModelName, RouteName
from shadowmon.traffic.ext_proc_exchange import ObservedExchange
from shadowmon.traffic.ext_proc_wire import decode
from shadowmon.traffic.routing import Routing
from shadowmon.traffic.sampling import Sampling
from shadowmon.traffic.sender import may_send
from shadowmon.traffic.settings import ExtProcSettings, RouteSettings


log = structlog.get_logger()

_OUR_OWN = SHADOW_HEADER.encode()
_ID_MAX = 256
_TOLD_EVERY_SECONDS = 60.0


class End(enum.StrEnum):
    """How a stream ended."""

    ANSWERED = "answered"
    """With the answer's own end."""
    ABORTED = "aborted"
    """Before it: the user left, the model server broke off, or Envoy gave us up."""
    MALFORMED = "malformed"
    """It told what cannot be read."""
    LET_GO = "let_go"
    """We wanted no more of it; its fate says why."""


class Fate(enum.StrEnum):
    """What became of the exchange that a stream told of."""

    MIRRORED = "mirrored"
    """Handed over; as one whose user has gone where the stream was aborted."""
    SAMPLED_OUT = "sampled_out"
    SHED = "shed"
    """Our own limits: too many streams, too much of them, or no room further down."""
    OVERSIZE = "oversize"
    REFUSED = "refused"
    """On no route, of no model of the route, malformed, without the token, from an Envoy that would
    wait for us, or a shadow call of our own."""


@dataclass(slots=True)
class _Stream:
    """What is known of one."""

    exchange: ObservedExchange | None = None
    route: RouteName | None = None
    id: str = ""
    fate: Fate = Fate.REFUSED
    """If it is let go, or never told of a request."""
    held: int = 0

    @property
    def is_answered(self) -> bool:
        """Has the answer come to its end?"""
        return self.exchange is not None and self.exchange.answer.is_whole


class ExtProc:
    """Follows Envoy's streams."""

    def __init__(
        self,
        settings: ExtProcSettings,
        *,
        routes: Mapping[str, RouteSettings],
        models: Mapping[RouteName, frozenset[ModelName]],
        sampling: Sampling,
        hand_over: Callable[[Parcel], bool],
        count: Callable[[End, Fate], None],
        clock: Clock,
        make_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """
        Args:
            settings: Limits, and who may tell.
            routes: By name; a request on none of them is refused.
            models: Those that may serve each route.
            sampling: Says which exchanges are watched.
            hand_over: Takes an exchange; False if there was no room. Must not wait.
            count: Told the end and the fate of every stream, once.
            clock: Tells the time.
            make_id: Names an exchange that brought no name.

        """
        self._settings = settings
        self._routes = routes
        self._routing = Routing(routes)
        self._models = models
        self._sampling = sampling
        self._hand_over = hand_over
        self._count = count
        self._clock = clock
        self._make_id = make_id
        self._token = settings.token.get_secret_value() if settings.token else None
        self._model_header = settings.model_header.lower().encode()
        self.streams = 0
        """Open now."""
        self.held = 0
        """Bytes of their exchanges."""
        self._turned_away = 0
        """Streams of senders that may not tell us anything, since the log was last told of any."""
        self._silent_until = clock.monotonic()

    async def observe(self, messages: AsyncIterator[bytes], metadata: Mapping[str, str]) -> None:
        """
        Follow one stream; return as soon as no more of it is wanted.

        Args:
            messages: Serialized `ProcessingRequest`s.
            metadata: The call's, names in lower case.

        """
        stream, end = _Stream(), End.ABORTED
        self.streams += 1
        try:
            async with asyncio.timeout(self._settings.stream_timeout_seconds):
                end = await self._follow(messages, metadata, stream)
        except CodecError:
            stream.fate, end = Fate.REFUSED, End.MALFORMED
        except TimeoutError:
            pass
        finally:
            self._finish(stream, end)

    async def _follow(
        self, messages: AsyncIterator[bytes], metadata: Mapping[str, str], stream: _Stream
    ) -> End:
        refused = self._refusal_of_stream(metadata)
        while refused is None:
            message = await anext(messages, None)
            if message is None:
                return End.ABORTED
            refused = self._take(stream, message)
            if refused is None and stream.is_answered:
                return End.ANSWERED
        stream.fate = refused
        return End.LET_GO

    def _refusal_of_stream(self, metadata: Mapping[str, str]) -> Fate | None:
        """Say before its first message why a stream is not wanted."""
        if not may_send(metadata, self._token):
            self._tell_turned_away()
            return Fate.REFUSED
        return Fate.SHED if self.streams > self._settings.max_streams else None

    def _tell_turned_away(self) -> None:
        """Write down that a sender may not tell us anything: now and then, for streams are many."""
        self._turned_away += 1
        now = self._clock.monotonic()
        if now < self._silent_until:
            return
        self._silent_until = now + _TOLD_EVERY_SECONDS
        log.warning(
            "ext_proc.sender_refused",
            streams=self._turned_away,
            problem="without the token that traffic.ext_proc.token says, or from a browser",
            hint="let Envoy send it: grpc_service.initial_metadata, authorization: Bearer …",
        )
        self._turned_away = 0

    def _take(self, stream: _Stream, data: bytes) -> Fate | None:
        """Take one message in; return why no more is wanted, or None if it is."""
        message = decode(data)
        now = self._clock.monotonic()
        if stream.exchange is None:
            if not message.is_observing:
                return Fate.REFUSED
            received_at = self._clock.now().timestamp()
            stream.exchange = ObservedExchange(message, received_at=received_at, now=now)
            refused = self._refusal_of_request(stream, stream.exchange)
        else:
            stream.exchange.take(message, now)
            refused = None if self._model(stream, stream.exchange) else Fate.REFUSED
        self.held += stream.exchange.held - stream.held
        stream.held = stream.exchange.held
        return refused or self._overflow(stream)

    def _refusal_of_request(self, stream: _Stream, exchange: ObservedExchange) -> Fate | None:
        """Say by a request's head why its exchange is not wanted."""
        target = exchange.request.value_of(b":path").decode("latin-1")
        route = self._routing.route_of(target)
        if route is None or exchange.request.value_of(_OUR_OWN):
            return Fate.REFUSED
        stream.route, stream.id = route, self._id(route, exchange)
        if not self._sampling.is_kept(ExchangeId(stream.id), self._routes[route].sample_rate):
            return Fate.SAMPLED_OUT
        return None

    def _overflow(self, stream: _Stream) -> Fate | None:
        if stream.held > self._settings.exchange_max_bytes:
            return Fate.OVERSIZE
        return Fate.SHED if self.held > self._settings.total_max_bytes else None

    def _id(self, route: RouteName, exchange: ObservedExchange) -> str:
        wanted = self._routes[route].request_id_header.lower().encode()
        text = exchange.request.value_of(wanted).decode("utf-8", "replace").strip()
        return text if 0 < len(text) <= _ID_MAX else self._make_id()

    def _model(self, stream: _Stream, exchange: ObservedExchange) -> ModelName | None:
        """Return the model that answered, or would have; None if the answer names a stranger."""
        if stream.route is None:
            return None
        said = exchange.answer.value_of(self._model_header).decode("utf-8", "replace").strip()
        if not said:
            return ModelName(self._routes[stream.route].baseline)
        model = ModelName(said)
        return model if model in self._models.get(stream.route, ()) else None

    def _finish(self, stream: _Stream, end: End) -> None:
        self.streams -= 1
        self.held -= stream.held
        fate = stream.fate
        if end in {End.ANSWERED, End.ABORTED} and stream.exchange is not None:
            fate = self._handed_over(stream, stream.exchange)
        self._count(end, fate)

    def _handed_over(self, stream: _Stream, exchange: ObservedExchange) -> Fate:
        model = self._model(stream, exchange)
        if stream.route is None or model is None:
            return Fate.REFUSED
        parcel = exchange.parcel(
            exchange_id=ExchangeId(stream.id),
            route=stream.route,
            model=model,
            now=self._clock.monotonic(),
        )
        return Fate.MIRRORED if self._hand_over(parcel) else Fate.SHED
