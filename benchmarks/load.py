"""
Clients: wrk for requests as fast as they are answered, one loop of our own for streams.

Requests are like the ones that the OpenAI SDK sends.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import time

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxy_model import EVENTS
from benchmarks.servers import environment, find


_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.body = '{"model":"m","messages":[{"role":"user","content":"' .. string.rep("x", 900) .. '"}]}'
wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip, deflate"
wrk.headers["Authorization"] = "Bearer sk-0123456789012345678901234567890123456789"
wrk.headers["Connection"] = "keep-alive"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "OpenAI/Python 1.60.0"
wrk.headers["X-Stainless-Arch"] = "x64"
wrk.headers["X-Stainless-Async"] = "false"
wrk.headers["X-Stainless-Lang"] = "python"
wrk.headers["X-Stainless-OS"] = "Linux"
wrk.headers["X-Stainless-Runtime"] = "CPython"
local sent = 0
request = function()  -- as in life: each request has an id of its own, and many users take turns
  sent = sent + 1
  wrk.headers["X-User"] = string.format("user-%d", sent * 31 % USERS)
  wrk.headers["X-Request-Id"] = string.format("00000000-0000-4000-8000-%012d", sent)
  return wrk.format()
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""

USERS = 5_000
"""They take turns."""

_STREAM_BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}'
_STREAM_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"X-User: user-%d\r\nContent-Length: %d\r\n\r\n%b"
)
_STREAM_END = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of wrk saw."""

    requests: int
    errors: int
    p50_us: int
    p99_us: int


def run(folder: Path, port: int, *, connections: int, seconds: int, cpu: int) -> Load:
    """Send requests as fast as they are answered."""
    script = folder / "load.lua"
    script.write_text(_SCRIPT.replace("USERS", str(USERS)))
    process = subprocess.run(
        [
            find("wrk"),
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}",
        ],
        capture_output=True,
        check=True,
        text=True,
        env=environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    said = json.loads(process.stdout.strip().splitlines()[-1])
    return Load(
        requests=said["requests"], errors=said["errors"], p50_us=said["p50"], p99_us=said["p99"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What one run of streams saw."""

    streams: int
    """Whole ones."""
    events: int
    errors: int
    seconds_p50: float
    """From a request to its stream's end."""


def stream(port: int, *, connections: int, seconds: float, cpu: int) -> Streams:
    """Read so many streams at a time, one after the other on each connection, for so long."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        return _Listeners(port, connections).listen(seconds)
    finally:
        os.sched_setaffinity(0, mine)


class _Listeners:
    """Connections that each read a stream at a time."""

    def __init__(self, port: int, connections: int) -> None:
        self._socks = {}
        self._asked_at: dict[int, float] = {}
        self._epoll = select.epoll()
        for number in range(connections):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setblocking(False)
            self._socks[sock.fileno()] = sock
            self._epoll.register(sock, select.EPOLLIN)
            self._ask(sock, number)
        self._streams = self._errors = 0
        self._taken: list[float] = []

    def _ask(self, sock: socket.socket, number: int) -> None:
        self._asked_at[sock.fileno()] = time.monotonic()
        sock.send(_STREAM_REQUEST % (number % USERS, len(_STREAM_BODY), _STREAM_BODY))

    def listen(self, seconds: float) -> Streams:
        """Ask again and again until the time is over; then let what was begun end."""
        until = time.monotonic() + seconds
        with self._epoll:
            while self._asked_at and time.monotonic() < until + 5:
                for fd, _ in self._epoll.poll(1):
                    self._hear(fd, again=time.monotonic() < until)
        for sock in self._socks.values():
            sock.close()
        return Streams(
            streams=self._streams,
            events=self._streams * (EVENTS + 1),
            errors=self._errors + len(self._asked_at),
            seconds_p50=sorted(self._taken)[len(self._taken) // 2] if self._taken else 0.0,
        )

    def _hear(self, fd: int, *, again: bool) -> None:
        sock = self._socks[fd]
        data = sock.recv(65_536)
        if not data:
            self._errors += 1
            self._epoll.unregister(sock)
            self._asked_at.pop(fd, None)
        elif data.endswith(_STREAM_END):
            self._streams += 1
            self._taken.append(time.monotonic() - self._asked_at.pop(fd))
            if again:
                self._ask(sock, fd * 31 + self._streams)
