"""Whatever comes in: the right refusal, quickly, no traceback, and /metrics still answers."""

from __future__ import annotations

import gzip
import json
import time
import zlib

import pytest

from shadowmon.console.body import BodyError, BoundsError, read_json
from tests.consoles import EXPOSITION, everything
from tests.unit.console.test_body import BAD


POSTS = ["/api/v1/labels", "/api/v1/trials/int8/pause", "/api/v1/trials/int8/roll-back"]
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _still_scrapes(ask):
    """After each of these the console still answers Prometheus."""
    yield
    assert ask("GET", "/metrics").body == EXPOSITION


def is_beyond(body):
    """Is it beyond the bounds, rather than no JSON?"""
    with pytest.raises(BodyError) as caught:
        read_json(body)
    return caught.type is BoundsError


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_bad_json(ask, desk, body):
    """What is no JSON is a 400, beyond the bounds a 422, and a 413 if it is not looked at."""
    for path in POSTS:
        begun = time.monotonic()
        answer = ask("POST", path, body)

        assert time.monotonic() - begun < 0.5
        assert answer.status == (413 if len(body) > 1_048_576 else 422 if is_beyond(body) else 400)
        assert set(answer.json["error"]) == {"message", "hint"}
        assert b"Traceback" not in answer.body
    assert (desk.asked, desk.labels) == ([], [])


def test_wrong_types_everywhere(ask, desk):
    """JSON of another shape is a 400, and changes nothing."""
    wrong: list[object] = [
        None,
        True,
        5,
        -1.5,
        "x",
        [[]],
        [5],
        {"operator": {}},
        {"exchange_id": [], "label": {}},
    ]
    for path in POSTS:
        for value in wrong:
            assert ask("POST", path, json.dumps(value).encode()).status == 400, (path, value)
    assert (desk.asked, desk.labels) == ([], [])


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b" " * 50_000_000, mtime=0)),
        ("deflate", zlib.compress(b" " * 50_000_000)),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
        ("br", b"\x00\x01"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4]),
        ("nonsense", b"{}"),
    ],
)
def test_compressed_body(ask, coding, body):
    """A body that says it is compressed is refused before anything is unpacked."""
    answer = ask("POST", "/api/v1/labels", body, {"Content-Encoding": coding})

    assert (answer.status, answer.message) == (415, "the body must not be compressed")


@pytest.mark.parametrize(
    "body", [b"x" * 1_048_577, b"[" + b" " * 10_000_000 + b"]"], ids=["one byte", "ten megabytes"]
)
def test_body_too_long(ask, body):
    """A body beyond the limit is a 413."""
    assert ask("POST", "/api/v1/labels", body).status == 413


def test_long_body_in_chunks(ask):
    """A body without a length is counted as it comes."""
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    found = b""
    with ask.connect() as sock:
        sock.sendall(
            b"POST /api/v1/labels HTTP/1.1\r\nHost: localhost\r\n"
            + JSON
            + b"Transfer-Encoding: chunked\r\n\r\n"
        )
        try:
            for _ in range(40):
                sock.sendall(chunk)
        except ConnectionError:
            pass
        found = sock.recv(65_536)

    assert found.startswith(b"HTTP/1.1 413")


LABELS = b"POST /api/v1/labels HTTP/1.1\r\nHost: localhost\r\n" + JSON
HOST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
NO_HTTP = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "NUL in a name": HOST + b"A\x00b: c\r\n\r\n",
    "a folded line": HOST + b" A: folded\r\n\r\n",
    "a space after a name": HOST + b"A : b\r\n\r\n",
    "a long target": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long header": HOST + b"A: " + b"b" * 20_480 + b"\r\n\r\n",
    "5,000 headers": HOST + b"A: b\r\n" * 5_000 + b"\r\n",
    "two framings": LABELS + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": LABELS + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a chunk that is none": LABELS + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a negative length": LABELS + b"Content-Length: -1\r\n\r\n",
}


@pytest.mark.parametrize("head", NO_HTTP.values(), ids=NO_HTTP)
def test_no_http(ask, head):
    """What is no HTTP is a 400 of constant words, and the connection is closed."""
    found = ask.raw(head)

    assert found[:12] in {b"HTTP/1.1 400", b"HTTP/1.0 400"}
    assert json.loads(found.partition(b"\r\n\r\n")[2]) == {
        "error": {"message": "this is not a request that can be read", "hint": ""}
    }
    assert b"aiohttp" not in found


def test_chunk_that_is_none_later_on(ask, desk):
    """A body that breaks off into what is none is refused, and the connection closed."""
    with ask.connect() as sock:
        sock.sendall(LABELS + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        time.sleep(0.05)
        sock.sendall(b"zz\r\n{}\r\n0\r\n\r\n")
        found = everything(sock)

    assert found[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 408"}
    assert b"Traceback" not in found
    assert desk.labels == []


def test_client_that_goes_away(ask, desk):
    """A client that goes away in the middle of a body is let go, and nothing of it is taken."""
    with ask.connect() as sock:
        sock.sendall(LABELS + b"Content-Length: 100\r\n\r\n[")

    assert ask("GET", "/-/healthy").status == 200
    assert desk.labels == []


def test_pipelined_requests(ask):
    """Requests one behind the other are answered one behind the other."""
    get = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n"
    found = ask.raw((get + b"\r\n") * 30 + get + b"Connection: close\r\n\r\n")

    assert found.count(b"HTTP/1.1 200") == 31


def test_expect_continue(ask):
    """A client that waits for leave to send its body gets it."""
    body = b'{"exchange_id": "x-1", "label": "7"}'
    with ask.connect() as sock:
        sock.sendall(
            b"POST /api/v1/labels HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            + JSON
            + b"Content-Length: %d\r\n\r\n" % len(body)
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")


def test_hostile_text_is_escaped(ask):
    """Escapes, newlines and tags in what was asked are no such things in the answer."""
    hostile = "%1b%5b2J%0aforged%e2%80%ae%3Cscript%3E"
    for path in (f"/api/v1/trials/{hostile}", f"/api/v1/journal?{hostile}=1"):
        answer = ask("GET", path)
        assert answer.status in {400, 404}
        for raw in (b"\x1b", b"\n", b"<script", "\u202e".encode()):
            assert raw not in answer.body


def test_memory_stays(ask):
    """A hundred refused megabytes leave nothing behind."""
    before = _rss_bytes()
    for _ in range(100):
        assert ask("POST", "/api/v1/labels", b"[" * 1_000_000).status == 422

    assert _rss_bytes() - before < 16 * 1024 * 1024


def _rss_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * 4096
