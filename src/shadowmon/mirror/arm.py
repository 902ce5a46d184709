"""
One model server, called in the shadow: send, time, and turn every failure into a `Reply`.

Rule 1: a call never raises, but for being cancelled.
Rule 2: what our own limits prevented is SHED, and says nothing about the model.
Rule 3: a reply's problem never quotes a body.
Rule 4: at most one retry, and only where the server closed an idle connection just as it was taken:
        that is our race. A refused connection or a timeout is the model's failure; users would have
        met it too, and to try again would hide it.
"""

from __future__ import annotations

import asyncio
import errno
import io
import ssl

from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp

from yarl import URL

from shadowmon.clock import Clock
from shadowmon.errors import CodecError
from shadowmon.mirror.outgoing import headers_of, url_of
from shadowmon.mirror.pairing import seen_answers
from shadowmon.mirror.reading import Received, Wire, read_reply, reply_of
from shadowmon.mirror.sessions import Attempt
from shadowmon.mirror.settings import MirrorSettings, ModelSettings
from shadowmon.records import Exchange, Headers, ModelName, Outcome, Reply, Served
from shadowmon.telemetry.spans import NO_SPANS, Spans
from shadowmon.telemetry.tracing import (
    TRACEPARENT,
    TRACESTATE,
    TraceContext,
    context_of,
    continued,
    span_id_of,
)
from shadowmon.tls import client_context


_OUR_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL})


class _TooLongError(Exception):
    """The answer is longer than what is read."""


class Arm:
    """One model, as the mirror calls it on one route."""

    def __init__(
        self,
        name: ModelName,
        settings: ModelSettings,
        codec: Wire,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        mirror: MirrorSettings,
        slots: asyncio.Semaphore | None = None,
        pin: Mapping[str, Any] | None = None,
        traces_sampled: bool = False,
        spans: Spans = NO_SPANS,
    ) -> None:
        """
        Args:
            name: The model.
            settings: Its address, credentials, price and limits.
            codec: The route's.
            session: From `Sessions.to` its address.
            clock: Times the calls.
            mirror: The limits that all models share.
            slots: The model's own `connections_max`, where several arms are to share it.
            pin: Parameters of the route that are set where no user got an answer; an answer that
                was made without them is not to be held against one that was made with them.
            traces_sampled: Do its calls show up in production's traces?
            spans: Told of each call.

        """
        self.name = name
        self.settings = settings
        self._codec = codec
        self._session = session
        self._clock = clock
        self._mirror = mirror
        self._slots = slots or asyncio.Semaphore(settings.connections_max)
        self._pin = dict(pin or {})
        self._tls = _tls(settings)
        self._traces_sampled = traces_sampled
        self._spans = spans
        self.retries = 0
        """Calls that were made again."""

    def reply_of(self, served: Served) -> Reply:
        """Turn this model's own complete answer on production's path into a reply."""
        return reply_of(served, codec=self._codec, price=self.settings.price)

    async def call(self, exchange: Exchange) -> Reply:
        """
        Ask the model what it would have answered.

        Waiting for one of the model's slots takes at most its timeout, and then the call is shed;
        the model's own time begins once it has one.
        """
        rewrite = self.settings.rewrite
        is_answered = exchange.failed_first is not None or seen_answers(exchange)
        pin = {} if is_answered else self._pin
        try:
            body = self._codec.rewrite(
                exchange.body, model=rewrite.model, parameters={**rewrite.parameters, **pin}
            )
        except CodecError as error:
            return self._failed(Outcome.SHED, f"the request cannot be rewritten: {error}")
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                await self._slots.acquire()
        except TimeoutError:
            return self._failed(Outcome.SHED, "too many calls to this model are under way")
        try:
            return await self._traced(exchange, body)
        finally:
            self._slots.release()

    async def _traced(self, exchange: Exchange, body: bytes) -> Reply:
        context = context_of(exchange.headers)
        about = {"model": self.name, "route": exchange.route}
        with self._spans.span("mirror.model_called", context, about) as span:
            goes_on = self._goes_on(exchange, context, span.id)
            reply = await self._timed(exchange, body, goes_on)
            span.tell("outcome", reply.outcome)
            return reply

    def _goes_on(self, exchange: Exchange, context: TraceContext | None, own_id: str) -> Headers:
        """Return the headers with which the call goes on with the trace of the user's request."""
        if context is None:
            return ()
        span_id = own_id or span_id_of(exchange.id, self.name)
        return continued(context, span_id, sampled=self._traces_sampled)

    async def _timed(self, exchange: Exchange, body: bytes, trace: Headers) -> Reply:
        attempt = Attempt(self._clock.monotonic())
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                try:
                    received = await self._send(exchange, body, trace, attempt)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    if not attempt.is_reused or attempt.has_begun:
                        raise
                    self.retries += 1
                    attempt = Attempt(self._clock.monotonic())
                    received = await self._send(exchange, body, trace, attempt)
        except (aiohttp.ClientError, OSError, ValueError, _TooLongError) as error:
            outcome, problem = _meaning(error)
            return self._failed(outcome, problem, self._clock.monotonic() - attempt.started_at)
        return read_reply(self.name, received, codec=self._codec, price=self.settings.price)

    async def _send(
        self, exchange: Exchange, body: bytes, trace: Headers, attempt: Attempt
    ) -> Received:
        first_byte_seconds: float | None = None
        pieces: list[bytes] = []
        room = self._mirror.answer_max_bytes
        async with self._session.request(
            exchange.method,
            URL(url_of(self.settings, self._target(exchange)), encoded=True),
            headers=self._headers(exchange, trace),
            # As a file, for aiohttp warns of large bytes.
            data=io.BytesIO(body) if body else None,
            allow_redirects=False,
            ssl=self._tls,
            server_hostname=self.settings.tls.server_name,
            trace_request_ctx=attempt,
        ) as response:
            attempt.has_begun = True
            async for piece in response.content.iter_any():
                if first_byte_seconds is None:
                    first_byte_seconds = self._clock.monotonic() - attempt.started_at
                room -= len(piece)
                if room < 0:
                    raise _TooLongError
                pieces.append(piece)
            return Received(
                status=response.status,
                headers=_headers(response.raw_headers),
                body=b"".join(pieces),
                duration_seconds=self._clock.monotonic() - attempt.started_at,
                first_byte_seconds=first_byte_seconds,
            )

    def _headers(self, exchange: Exchange, trace: Headers) -> list[tuple[str, str]]:
        ours = headers_of(self.settings, exchange.headers, drop_headers=self._mirror.drop_headers)
        if not trace:
            return ours
        kept = [(name, value) for name, value in ours if name not in {TRACEPARENT, TRACESTATE}]
        return [*kept, *trace]

    def _target(self, exchange: Exchange) -> str:
        """Return the target, for the model that is asked where the path names one."""
        retarget = getattr(self._codec, "retarget", None)
        model = self.settings.rewrite.model
        if retarget is None or model is None:
            return exchange.target
        target: str = retarget(exchange.target, model=model)
        return target

    def _failed(self, outcome: Outcome, problem: str, seconds: float = 0.0) -> Reply:
        return Reply(model=self.name, outcome=outcome, problem=problem, duration_seconds=seconds)


_MEANINGS: tuple[tuple[type[Exception], Outcome, str], ...] = (
    (TimeoutError, Outcome.TIMEOUT, "no whole answer within the model's timeout"),
    (_TooLongError, Outcome.GARBAGE, "the answer is longer than answer_max_bytes"),
    (aiohttp.InvalidURL, Outcome.SHED, "the request cannot be sent"),
    (aiohttp.ClientResponseError, Outcome.GARBAGE, "the answer is not HTTP"),
    (aiohttp.ClientConnectorError, Outcome.REFUSED, "no connection"),
    (aiohttp.ClientError, Outcome.RESET, "the connection ended in the middle of the answer"),
    (OSError, Outcome.RESET, "the connection ended in the middle of the answer"),
    (ValueError, Outcome.SHED, "the request cannot be sent"),
)
"""What a failed call says about the model; the first line that fits holds."""


def _meaning(error: Exception) -> tuple[Outcome, str]:
    """Judge a failed call by the error's class; its text may quote bytes."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.errno in _OUR_SHORTAGES:
        return Outcome.SHED, "no connection: this machine is short of sockets"
    return next(
        (outcome, problem) for kind, outcome, problem in _MEANINGS if isinstance(error, kind)
    )


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return tuple(
        (name.lower().decode("utf-8", "replace"), value.decode("utf-8", "replace"))
        for name, value in raw
    )


def _tls(settings: ModelSettings) -> ssl.SSLContext | bool:
    """Return how the model's certificate is checked; True: as the system does."""
    tls = settings.tls
    if not settings.url.startswith("https:") or (tls.ca is None and tls.certificate is None):
        return True
    return client_context(ca=tls.ca, certificate=tls.certificate, key=tls.key)
