"""
One stream of Envoy's becomes one exchange: both sides' heads, and both bodies piece by piece. Pure.

| the stream | the exchange's ending |
|---|---|
| came to the answer's end, and the request had come whole | `complete` |
| ended before | `client_gone`: no trial gets a pair of it |

Envoy says nothing of why a stream ended early: the user left, the model server broke off, or Envoy
had given us up. So it is no measure of any model.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from dataclasses import dataclass, field

from shadowmon.errors import CodecError
from shadowmon.ipc.handover import ExchangeHead, Parcel, ServedHead
from shadowmon.records import Ending, ExchangeId, ModelName, RouteName
from shadowmon.traffic.ext_proc_wire import Fields, Kind, Message


SOURCE = "ext_proc"

_STATUS = re.compile(rb"[1-5]\d\d")
_PIECE_BYTES = 64
"""What a piece of a body, or a header field, holds beside itself, about."""
_REQUEST = frozenset({Kind.REQUEST_HEADERS, Kind.REQUEST_BODY, Kind.REQUEST_TRAILERS})
_HEADERS = frozenset({Kind.REQUEST_HEADERS, Kind.RESPONSE_HEADERS})


@dataclass(slots=True)
class Side:
    """The request, or the answer, as far as it has come."""

    fields: Fields | None = None
    pieces: list[bytes] = field(default_factory=list)
    body_bytes: int = 0
    is_whole: bool = False

    def take(self, message: Message) -> int:
        """
        Take a message of this side in; return the bytes that are held for it.

        Raises:
            CodecError: If it cannot come now.

        """
        if self.is_whole or (message.kind in _HEADERS) is not (self.fields is None):
            msg = f"an ext_proc stream has {message.kind.name.lower()} where they cannot be"
            raise CodecError(msg)
        self.is_whole = message.is_last
        if message.kind in _HEADERS:
            self.fields = message.fields
            return sum(len(name) + len(value) + _PIECE_BYTES for name, value in message.fields)
        if not message.body:
            return 0
        self.pieces.append(message.body)
        self.body_bytes += len(message.body)
        return len(message.body) + _PIECE_BYTES

    def value_of(self, name: bytes) -> bytes:
        """Return the first value of a header field; empty if there is none."""
        return next((value for each, value in self.fields or () if each == name), b"")


class ObservedExchange:
    """What one stream has told."""

    def __init__(self, head: Message, *, received_at: float, now: float) -> None:
        """
        Begin with the request's head.

        Args:
            head: The stream's first message.
            received_at: Seconds since the epoch.
            now: Monotonic seconds.

        Raises:
            CodecError: If it is no request's head.

        """
        if head.kind is not Kind.REQUEST_HEADERS:
            msg = "an ext_proc stream begins without a request's headers"
            raise CodecError(msg)
        self.request = Side()
        self.answer = Side()
        self.held = 0
        """Bytes."""
        self._received_at = received_at
        self._began_at = now
        self._first_byte_at: float | None = None
        self.take(head, now)

    def take(self, message: Message, now: float) -> None:
        """
        Take the stream's next message in, at `now` (monotonic seconds).

        Raises:
            CodecError: If it cannot come now.

        """
        side = self.request if message.kind in _REQUEST else self.answer
        self.held += side.take(message)
        if self._first_byte_at is None and self.answer.pieces:
            self._first_byte_at = now

    def parcel(
        self, *, exchange_id: ExchangeId, route: RouteName, model: ModelName, now: float
    ) -> Parcel:
        """Return all of it, on its way; `model` is the one that answered."""
        is_complete = self.request.is_whole and self.answer.is_whole
        status = _STATUS.fullmatch(self.answer.value_of(b":status"))
        first = self._first_byte_at
        return Parcel(
            ExchangeHead(
                id=exchange_id,
                route=route,
                source=SOURCE,
                method=self.request.value_of(b":method"),
                target=self.request.value_of(b":path"),
                headers=_lines((*self._host(), *(self.request.fields or ()))),
                received_at=self._received_at,
                served=ServedHead(
                    model=model,
                    ending=Ending.COMPLETE if is_complete else Ending.CLIENT_GONE,
                    status=int(status[0]) if status else 0,
                    headers=_lines(self.answer.fields or ()),
                    duration_seconds=now - self._began_at,
                    first_byte_seconds=None if first is None else first - self._began_at,
                    body_bytes=self.answer.body_bytes,
                ),
                failed_first=None,
                body_bytes=self.request.body_bytes,
            ),
            self.request.pieces,
            self.answer.pieces,
        )

    def _host(self) -> Fields:
        """Envoy keeps what HTTP/1.1 calls `host` in a pseudo-header field."""
        authority = self.request.value_of(b":authority")
        return ((b"host", authority),) if authority else ()


def _lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join(
        b"%b: %b" % (name.lower(), value) for name, value in fields if not name.startswith(b":")
    )
