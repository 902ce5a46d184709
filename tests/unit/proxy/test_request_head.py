"""Requests' heads: what is read, what is written in their place, what is refused."""

from __future__ import annotations

import pytest

from shadowmon.proxy.fields import HeadError
from shadowmon.proxy.framing import CHUNKED
from shadowmon.proxy.request_head import RequestReader, path_of


READER = RequestReader([b"x-user"], own_host=b"own:1")


def a_request(*lines: bytes, first: bytes = b"GET / HTTP/1.1", host: bool = True) -> bytes:
    """Return a head with these field lines."""
    hosts = (b"Host: a",) if host else ()
    return b"\r\n".join([first, *hosts, *lines, b"\r\n"])


def test_a_plain_head_is_written_as_it_came():
    """Nothing that is end-to-end changes."""
    raw = a_request(b"X-A: 1", b"x-a: 2", b"Cookie: a=b; c=d", b"X-B:", b"X-C: \xe9")

    assert READER.read(raw).wire == raw.replace(b"X-B:", b"X-B: ")


def test_the_fields_it_looks_out_for_are_found():
    """Whatever their case; twice is a list."""
    head = READER.read(a_request(b"X-USER: u1", b"x-User: u2"))

    assert head.found[b"x-user"] == b"u1, u2"
    assert head.fields == b"Host: a\r\nX-USER: u1\r\nx-User: u2"


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: close",
        b"Keep-Alive: 5",
        b"Proxy-Connection: x",
        b"Proxy-Authorization: x",
        b"Proxy-Authenticate: x",
        b"TE: trailers",
        b"Trailer: X",
        b"Upgrade: h2c",
        b"HTTP2-Settings: x",
        b"Expect: 100-continue",
    ],
)
def test_a_hop_by_hop_field_of_a_request_ends_here(line):
    """It is neither sent on nor handed over."""
    head = READER.read(a_request(line, b"X: y"))

    assert head.wire == a_request(b"X: y")
    assert head.fields == b"Host: a\r\nX: y"


def test_what_connection_lists_ends_here():
    """But for the fields without which the message would mean something else."""
    head = READER.read(
        a_request(
            b"Connection: close , X-Hop",
            b"connection: content-length,HOST",
            b"x-hop: 1",
            b"Content-Length: 3",
        )
    )

    assert head.wire == a_request(b"Content-Length: 3")
    assert head.close


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], 0),
        ([b"Content-Length: 0"], 0),
        ([b"Content-Length: 17 "], 17),
        ([b"Transfer-Encoding: chunked"], CHUNKED),
        ([b"transfer-encoding: CHUNKED"], CHUNKED),
    ],
)
def test_a_requests_length(lines, length):
    """It comes from Content-Length or Transfer-Encoding, and is nothing without them."""
    assert READER.read(a_request(*lines)).length == length


@pytest.mark.parametrize(
    ("first", "line", "close"),
    [
        (b"GET / HTTP/1.1", b"X: y", False),
        (b"GET / HTTP/1.1", b"Connection: Close", True),
        (b"GET / HTTP/1.1", b"Connection: x, close", True),
        (b"GET / HTTP/1.0", b"X: y", True),
        (b"GET / HTTP/1.0", b"Connection: Keep-Alive", False),
    ],
)
def test_when_a_connection_ends(first, line, close):
    """HTTP/1.1 goes on unless told, HTTP/1.0 ends unless told (RFC 9112, section 9.3)."""
    assert READER.read(a_request(line, first=first)).close is close


def test_an_old_request_without_a_host_is_given_one():
    """HTTP/1.0 may lack a Host; towards the model server it is HTTP/1.1 and may not."""
    head = READER.read(a_request(b"X: y", first=b"GET /a HTTP/1.0", host=False))

    assert head.wire == b"GET /a HTTP/1.1\r\nhost: own:1\r\nX: y\r\n\r\n"


@pytest.mark.parametrize("method", [b"GET", b"BREW", b"M-SEARCH", b"PROPFIND", b"x"])
def test_any_method_passes(method):
    """A gateway need not know a method to pass it on."""
    assert READER.read(a_request(first=method + b" / HTTP/1.1")).method == method


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a/../b//%2F?x=/y", b"/a/../b//%2F?x=/y"),
        (b"http://a/b?c", b"/b?c"),
        (b"HTTP://A", b"/"),
        (b"/\xe9", b"/\xe9"),
    ],
)
def test_a_target_is_never_touched(target, path):
    """It is sent on as it came; only to find a route its path is looked at."""
    head = READER.read(a_request(first=b"GET " + target + b" HTTP/1.1"))

    assert head.wire.startswith(b"GET " + target + b" HTTP/1.1\r\n")
    assert path_of(head.target) == path


def test_an_upgrade_is_passed_on():
    """Written anew, on a request without a body only, and never for h2c."""
    asked = [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: x"]

    head = READER.read(a_request(*asked))

    assert head.upgrade == b"websocket"
    assert head.wire == a_request(
        b"Sec-WebSocket-Key: x", b"connection: upgrade", b"upgrade: websocket"
    )
    assert READER.read(a_request(*asked, b"Content-Length: 3")).upgrade is None
    assert READER.read(a_request(b"Connection: upgrade", b"Upgrade: h2c")).upgrade is None
    assert READER.read(a_request(b"Upgrade: websocket")).upgrade is None


def test_a_refusal_says_what_was_found():
    """Status and sentence are fit to be shown to the caller."""
    with pytest.raises(HeadError, match="are spoken here") as caught:
        READER.read(a_request(first=b"GET / HTTP/3.0"))

    assert caught.value.status == 505
