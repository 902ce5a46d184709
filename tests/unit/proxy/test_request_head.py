"""Requests' heads: what is read, what is written in their place, what is refused."""

from __future__ import annotations

import msgspec
import pytest

from shadowmon.proxy import forms, request_head
from shadowmon.proxy.fields import HeadError
from shadowmon.proxy.framing import CHUNKED
from shadowmon.proxy.request_head import KnownForm, RequestHead, RequestReader


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
    assert head.path == path


def test_the_whole_servers_options_stand_at_the_root():
    """`OPTIONS *` is no path, and meets the route of all paths (RFC 9110, section 9.3.7)."""
    head = READER.read(a_request(first=b"OPTIONS * HTTP/1.1"))

    assert head.path == b"/"
    assert head.wire.startswith(b"OPTIONS * HTTP/1.1\r\n")


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


def a_fresh_reader() -> RequestReader:
    """Return one that has read nothing yet."""
    return RequestReader([b"x-user", b"x-request-id"], own_host=b"own:1")


def read(reader: RequestReader, raw: bytes) -> RequestHead:
    """Return what is read, but for the form that it was read by."""
    return msgspec.structs.replace(reader.read(raw), form=None)


def an_id(number: int, *lines: bytes, length: bytes = b"5") -> bytes:
    """Return a head that differs from the others in its values only."""
    return a_request(
        b"X-Request-Id: id-%d" % number,
        b"Connection: keep-alive",
        b"X-A:1",
        b"Content-Length: " + length,
        *lines,
        b"x-user: user-%d" % number,
    )


def test_a_head_like_one_before_is_read_as_if_it_were_the_first():
    """Its form is known, its values are its own."""
    reader = a_fresh_reader()
    reader.read(an_id(1))

    again = read(reader, an_id(2, length=b"17"))

    assert again == read(a_fresh_reader(), an_id(2, length=b"17"))
    assert again.length == 17
    assert again.found[b"x-user"] == b"user-2"
    assert again.fields.startswith(b"Host: a\r\nX-Request-Id: id-2\r\nX-A: 1\r\n")


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), b"x"),
        ((), b"5,5"),
        ((), b"+5"),
        ((), b"0" * 16),
        ((b"Content-Length: 5",), b"5"),
        ((b"Content-Length : 5",), b"5"),
        ((b"Transfer-Encoding: chunked",), b"5"),
        ((b" X: folded",), b"5"),
        ((b"X: a\nX-Request-Id: b",), b"5"),
        ((b"X: a\rX-Request-Id: b",), b"5"),
    ],
)
def test_a_known_form_lets_nothing_in_that_is_refused(lines, length):
    """What is wrong with one head's values or further lines is wrong however many came before."""
    reader = a_fresh_reader()
    reader.read(an_id(1))

    for _ in range(2):
        with pytest.raises(HeadError) as caught:
            reader.read(an_id(2, *lines, length=length))
        assert caught.value.status == 400


@pytest.mark.parametrize(
    "line",
    [b"Expect: 100-continue", b"Connection: x-user", b"Connection: close"],
)
def test_what_one_line_says_of_the_request_holds_for_every_head(line):
    """Also for those whose form came before."""
    reader = a_fresh_reader()

    heads = [read(reader, an_id(number, line)) for number in range(3)]

    assert heads == [read(a_fresh_reader(), an_id(number, line)) for number in range(3)]


def test_an_id_given_twice_is_a_list_every_time():
    """A form has one blank for a name, or it is none."""
    reader = a_fresh_reader()

    for number in range(3):
        head = reader.read(an_id(number, b"x-request-id: other"))
        assert head.found[b"x-request-id"] == b"id-%d, other" % number


def test_forms_are_bounded(monkeypatch):
    """Ever new heads push the old forms out; what comes back later is read the same."""
    monkeypatch.setattr(request_head, "_REMEMBERED", 5)
    reader = a_fresh_reader()

    heads = [read(reader, a_request(b"X-A: %d" % (number % 20))) for number in range(60)]

    assert heads[:20] == heads[20:40] == heads[40:]
    assert len(reader._forms) <= 5
    assert len(reader._forms._elder) <= 5


def test_the_form_of_a_long_head_is_not_kept():
    """A user cannot fill the memory with a few heads."""
    reader = a_fresh_reader()

    reader.read(a_request(b"X: " + b"y" * 10_000))

    assert not reader._forms


def a_form(reader: RequestReader, raw: bytes) -> KnownForm:
    """Return the form of a head; it has one from the second time on."""
    assert reader.read(raw).form is None
    return reader.read(raw).form or pytest.fail("there is no form")


def test_a_chunked_request_has_a_form_too():
    """Its length is printed, so to speak."""
    reader = a_fresh_reader()

    for number in range(3):
        raw = a_request(b"X-User: %d" % number, b"Transfer-Encoding: chunked")
        assert reader.read(raw).length == CHUNKED


def test_a_form_that_comes_often_finds_the_heads_end_itself(monkeypatch):
    """The next request of a connection is read at one stroke, if it is like the last one."""
    monkeypatch.setattr(forms, "OFTEN", 3)
    reader = a_fresh_reader()
    raw = an_id(1)
    form = a_form(reader, raw)

    assert [form.read(raw) for _ in range(2)] == [None, None]
    assert form.read(raw + b"12345") == (reader.read(raw), len(raw))


@pytest.mark.parametrize(
    "data",
    [
        an_id(1)[:-1],
        an_id(1)[:-3],
        an_id(1).replace(b"X-A:1", b"X-A:2"),
        an_id(1).replace(b": id-1", b": id 1"),
        an_id(1).replace(b": id-1", b": "),
        an_id(1).replace(b": id-1", b": id\xe9"),
        an_id(1).replace(b": id-1\r\n", b": id-1\n"),
        an_id(1).replace(b"id-1", b"id-1\r\nX-More: 1"),
        an_id(1, length=b"5x"),
        an_id(1, length=b"0" * 16),
    ],
)
def test_what_is_of_another_form_is_left_to_be_read_line_by_line(monkeypatch, data):
    """Even where it differs by one byte, or is not whole, or a length is none."""
    monkeypatch.setattr(forms, "OFTEN", 1)
    form = a_form(a_fresh_reader(), an_id(1))

    assert form.read(data + b"12345") is None
