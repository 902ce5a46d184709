"""
Two readers of requests who know nothing of each other: h11, and llhttp (by httptools).

What a proxy sends to a model server is given to both, connection by connection. Wherever they see
other requests, an attacker can have one of them see a request that the other does not (RFC 9112,
section 11.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import h11
import httptools


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One request as a reader sees it."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    """Names in lower case, values without blanks around them."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that a reader makes of a connection."""

    whole: tuple[Read, ...]
    malformed: bool = False
    """It stopped, for what came next is no HTTP to it."""
    begun: bytes = field(default=b"", compare=False)
    """Method of a request whose end has not come."""


def by_h11(raw: bytes) -> Reading:
    """Read what came on one connection."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
    connection.receive_data(raw)
    whole: list[Read] = []
    head, body = None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                whole.append(_of_h11(head, body))
                head = None
                if not _answered(connection):
                    return Reading(whole=tuple(whole))
            else:
                return Reading(whole=tuple(whole), begun=head.method if head else b"")
    except h11.RemoteProtocolError:
        return Reading(whole=tuple(whole), malformed=True)


def _of_h11(head: h11.Request, body: bytes) -> Read:
    fields = tuple((bytes(name), bytes(value)) for name, value in head.headers)
    return Read(method=head.method, target=head.target, fields=fields, body=body)


def _answered(connection: h11.Connection) -> bool:
    """Let h11 go on to the next request; False if there is to be none."""
    connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    if connection.our_state is not h11.DONE:
        return False
    connection.start_next_cycle()
    return True


class _Listener:
    """What llhttp tells of."""

    def __init__(self) -> None:
        self.whole: list[Read] = []
        self.parser: httptools.HttpRequestParser | None = None
        self._begin()

    def _begin(self) -> None:
        self._target, self._body = b"", b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._in_head = True

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # not a trailer
            self._fields.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        fields, method = tuple(self._fields), self.parser.get_method() if self.parser else b""
        self.whole.append(Read(method=method, target=self._target, fields=fields, body=self._body))


class LlhttpReader:
    """Reads bit by bit, as a server would."""

    def __init__(self) -> None:
        self._listener = _Listener()
        self._begin()
        self.malformed = False

    def _begin(self) -> None:
        self._listener.parser = self._parser = httptools.HttpRequestParser(self._listener)

    def feed(self, data: bytes) -> int:
        """Read more; returns how many requests have become whole."""
        before = len(self._listener.whole)
        while data and not self.malformed:
            try:
                self._parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as upgrade:  # the offer is declined
                data = data[upgrade.args[0] :]
                self._begin()
            except httptools.HttpParserError:
                self.malformed = True
        return len(self._listener.whole) - before

    @classmethod
    def refuses(cls, raw: bytes) -> bool:
        """Is it no request to llhttp?"""
        reader = cls()
        reader.feed(raw)
        return reader.malformed

    @property
    def reading(self) -> Reading:
        """What it made of everything."""
        return Reading(whole=tuple(self._listener.whole), malformed=self.malformed)


def by_llhttp(raw: bytes) -> Reading:
    """Read what came on one connection."""
    reader = LlhttpReader()
    reader.feed(raw)
    return reader.reading


def agree(raw: bytes) -> bool:
    """
    Do both see the same requests on a connection?

    llhttp knows the methods that it knows, and stops at any other: that is no disagreement on
    where a request ends, so that what both saw until then is compared.
    """
    one, other = by_h11(raw), by_llhttp(raw)
    further = [read.method for read in one.whole[len(other.whole) :]] + [one.begun]
    if other.malformed and not one.malformed and not _knows(further[0]):
        return one.whole[: len(other.whole)] == other.whole
    return one == other


def _knows(method: bytes) -> bool:
    return not method or not LlhttpReader.refuses(method + b" / HTTP/1.1\r\n\r\n")
