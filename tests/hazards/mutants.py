"""Requests that are nearly right: a few good ones, and what a seed makes of them."""

from __future__ import annotations

import random

from collections.abc import Callable, Iterator, Sequence


GOOD = (
    b"GET /v1/models HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    b"GET /v1/a?b=c&d=%20 HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x-a\r\nX-A: 1\r\n\r\n",
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n",
    (
        b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    ),
    (
        b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n"
        b"Trailer: x-t\r\n\r\na;b=c\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
    ),
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    b"GET http://a/v1/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /v1/x HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nab",
    (
        b"GET /v1/r HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: x\r\n\r\n"
    ),
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    (
        b"PUT /v1//x/../y HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\nabc"
        b"DELETE /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"
    ),
)
USUAL = (
    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nX-Request-Id: 1\r\nConnection: keep-alive\r\n"
    b"X-User: b\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello"
)
"""What a proxy knows by heart when it has come often enough."""
ODD_BYTES = tuple(bytes([each]) for each in b'\x00\t\n\x0b\x0c\r ",;:=\\\x7f\x80\x85\xa0\xff-+0x')
ODD_FIELDS = (
    b"Content-Length: 5",
    b"Content-Length: 0",
    b"Content-Length: 05",
    b"Content-Length: +5",
    b"Content-Length: 5, 5",
    b"Content-Length : 5",
    b"content-length:5",
    b"Content_Length: 5",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding\t: chunked",
    b"Transfer-Encoding: chunked\t",
    b"X: \r\n Transfer-Encoding: chunked",
    b"Connection: content-length",
    b"Connection: transfer-encoding, host",
    b"Connection: close",
    b"Host: b",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"Trailer: content-length",
    b"X-Long: " + b"a" * 9000,
)
ODD_WORDS = (
    (b"chunked", (b"chunke", b"chunked ", b"CHUNKED", b"chunked\x00", b" chunked", b"\x0bchunked")),
    (b"HTTP/1.1", (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/01.1")),
    (b"\r\n\r\n", (b"\n\n", b"\r\n\n", b"\n\r\n", b"\r\r\n\r\n", b"\r\n \r\n", b"\r\n\r\n\r\n")),
    (b"\r\n", (b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\r\n ", b"\r\n\t")),
    (
        b"5\r\n",
        (b"05\r\n", b"0x5\r\n", b"5 \r\n", b" 5\r\n", b"5;\r\n", b"5\n", b"+5\r\n", b"6\r\n"),
    ),
    (b"0\r\n", (b"00\r\n", b"0;a\r\n", b"-0\r\n", b"0 \r\n", b"\r\n", b"0\n", b"0\r\nA: b\r\n")),
    (b"Host", (b"host", b"Hos", b"Host ", b" Host", b"\tHost", b"Host\x00")),
    (b": ", (b":", b" : ", b":\t", b":\x00", b":: ", b"; ", b":\r\n ")),
    (b" /", (b"  /", b"\t/", b" ", b" //", b" /\x80", b" /#a", b" /\r")),
)
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Smuggled: 1\r\n\r\n"


def mutants(seed: int, count: int, of: Sequence[bytes] = GOOD) -> Iterator[bytes]:
    """Return so many requests, made out of these; always the same ones for a seed."""
    dice = random.Random(seed)
    for _ in range(count):
        request = dice.choice(of)
        for _ in range(dice.randint(1, 3)):
            request = dice.choice(_WAYS)(request, dice)
        yield request


def _byte_put_in(request: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(request) + 1)
    return request[:at] + dice.choice(ODD_BYTES) + request[at:]


def _byte_replaced(request: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(request) + 1)
    return request[:at] + dice.choice(ODD_BYTES) + request[at + 1 :]


def _part_taken_out(request: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(request) + 1)
    return request[:at] + request[at + dice.randint(1, 8) :]


def _word_replaced(request: bytes, dice: random.Random) -> bytes:
    word, others = dice.choice([each for each in ODD_WORDS if each[0] in request] or ODD_WORDS)
    parts = request.split(word)
    at = dice.randrange(max(1, len(parts) - 1))
    return word.join(parts[: at + 1]) + dice.choice(others) + word.join(parts[at + 1 :])


def _field_added(request: bytes, dice: random.Random) -> bytes:
    lines = request.split(b"\r\n")
    lines.insert(dice.randint(1, max(1, min(4, len(lines) - 1))), dice.choice(ODD_FIELDS))
    return b"\r\n".join(lines)


def _line_twice(request: bytes, dice: random.Random) -> bytes:
    lines = request.split(b"\r\n")
    at = dice.randrange(len(lines))
    return b"\r\n".join([*lines[: at + 1], *lines[at:]])


def _request_behind(request: bytes, dice: random.Random) -> bytes:
    del dice
    return request + SMUGGLED


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _byte_put_in,
    _byte_replaced,
    _part_taken_out,
    _word_replaced,
    _word_replaced,
    _field_added,
    _field_added,
    _line_twice,
    _request_behind,
)
