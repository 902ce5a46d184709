"""Patience that ends: slow, silent and too many connections."""

from __future__ import annotations

import socket
import time

import pytest

from shadowmon.console import server
from shadowmon.console.desk import Desk
from shadowmon.testing.desks import ScriptedDesk
from tests.views import a_row, a_view


GET = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 0.3
"""See tests/consoles.py."""


def seconds(action):
    """Return what an action returns, and how long it took."""
    begun = time.monotonic()
    return action(), time.monotonic() - begun


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"\r\n"],
    ids=["nothing", "a letter", "half a head", "an empty line"],
)
def test_half_a_head(ask, sent):
    """A connection that has not sent a whole head in time is cut off without an answer."""
    found, took = seconds(lambda: ask.raw(sent))

    assert found == b""
    assert PATIENCE * 0.9 < took < PATIENCE + 1


def test_head_by_drops(ask):
    """A drop now and then does not buy more time."""
    with ask.connect() as sock:
        begun = time.monotonic()
        try:
            while time.monotonic() - begun < 3:
                sock.sendall(b"G")
                time.sleep(0.02)
        except ConnectionError:
            pass
        took = time.monotonic() - begun

    assert took < PATIENCE + 1


def test_second_head(ask):
    """On a connection that was served already, half a head is not waited for any longer."""
    with ask.connect() as sock:
        sock.sendall(GET)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200")
        sock.sendall(b"GET /-/hea")
        rest, took = seconds(lambda: sock.recv(100))

    assert rest == b""
    assert took < PATIENCE + 1


def test_idle_between_requests(ask):
    """A connection that was served may be silent for longer than a head may take."""
    with ask.connect() as sock:
        for _ in range(2):
            sock.sendall(GET)
            assert sock.recv(65_536).startswith(b"HTTP/1.1 200")
            time.sleep(PATIENCE * 1.5)


def test_slow_request_is_served(ask):
    """A head that comes in pieces, but in time, is served."""
    with ask.connect() as sock:
        for piece in (GET[:10], GET[10:30], GET[30:]):
            sock.sendall(piece)
            time.sleep(PATIENCE / 10)

        assert sock.recv(65_536).startswith(b"HTTP/1.1 200")


def test_stalled_body(ask):
    """A body that does not come is answered with 408."""
    head = (
        b"POST /api/v1/labels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\nConnection: close\r\n\r\n{"
    )

    with ask.connect() as sock:
        sock.sendall(head)
        found, took = seconds(lambda: sock.recv(65_536))

    assert found.startswith(b"HTTP/1.1 408")
    assert took < PATIENCE + 1


def test_reader_that_does_not_read(start, desk, monkeypatch):
    """Who asks and does not take the answer is cut off; memory is not held for it for ever."""
    rows = [a_row(number, sentence="x" * 50_000) for number in range(1, 500)]
    monkeypatch.setattr(desk, "_rows", rows)
    ask = start()

    with ask.connect() as sock:
        sock.sendall(b"GET /api/v1/journal?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.recv(1, socket.MSG_PEEK)  # the answer has begun
        time.sleep(PATIENCE * 3)
        got = 0
        try:
            while piece := sock.recv(1_000_000):
                got += len(piece)
        except ConnectionError:
            pass

    assert got < 500 * 50_000


def test_too_many_connections(start, monkeypatch):
    """Beyond the limit a connection is closed at once; the others are served on."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 5)
    ask = start(head_timeout_seconds=5)
    held = [ask.connect() for _ in range(5)]
    for sock in held:
        sock.sendall(b"G")
    time.sleep(0.1)

    found, took = seconds(lambda: ask.raw(GET))
    held[0].sendall(GET[1:])
    answer = held[0].recv(65_536)
    for sock in held:
        sock.close()

    assert (found, took < 1) == (b"", True)
    assert answer.startswith(b"HTTP/1.1 200")


def test_connections_are_given_back(start, monkeypatch):
    """A connection that ended counts no more."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 3)
    ask = start()

    assert [ask("GET", "/-/healthy").status for _ in range(20)] == [200] * 20


def test_desk_is_a_desk():
    """The scripted desk is what the console asks for."""
    desk: Desk = ScriptedDesk(a_view())

    assert desk.view().version == "0.1.0"
