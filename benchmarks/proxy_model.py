"""
python -m benchmarks.proxy_model PORT: a model server that costs so little that nobody waits for it.

One thread, one epoll, answers that were made beforehand. A request is a POST whose body ends with
`}` and comes in one piece, as the clients of these benchmarks send it; nothing else is understood.
A body with `"stream":true` is answered with EVENTS events, EVENT_SECONDS apart, each by itself.
"""

from __future__ import annotations

import contextlib
import heapq
import select
import socket
import sys
import time


EVENTS = 64
EVENT_SECONDS = 0.005
ANSWER_BYTES = 2030

_BODY = b'{"choices":[{"message":{"content":"' + b"y" * ANSWER_BYTES + b'"}}]}'
_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)
_STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_DELTA = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[%b]}\n\n'
)
_EVENT = _DELTA % b'{"index":0,"delta":{"content":"token"},"finish_reason":null}'
_CHUNK = b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT)
_LAST = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
_NO_EVENT = -1


class ModelServer:
    """The server."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._connections: dict[int, socket.socket] = {}
        self._begun: dict[int, bytes] = {}
        """Of requests that did not come whole."""
        self._due: list[tuple[float, int, int]] = []
        """When, to which connection, how many events are left: a heap."""

    def serve(self) -> None:
        """Serve for ever."""
        while True:
            for fd, _ in self._epoll.poll(self._patience()):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read(fd)
            self._send_events()

    def _patience(self) -> float:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else _NO_EVENT

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[sock.fileno()] = sock
        self._epoll.register(sock, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        sock = self._connections[fd]
        try:
            data = self._begun.pop(fd, b"") + sock.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self._close(fd)
        elif not data.endswith(b"}"):
            self._begun[fd] = data
        elif b'"stream":true' in data:
            self._say(fd, _STREAM)
            heapq.heappush(self._due, (time.monotonic() + EVENT_SECONDS, fd, EVENTS))
        else:
            self._say(fd, _JSON)

    def _send_events(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            at, fd, left = heapq.heappop(self._due)
            if fd not in self._connections:
                continue
            if left:
                self._say(fd, _CHUNK)
                heapq.heappush(self._due, (at + EVENT_SECONDS, fd, left - 1))
            else:
                self._say(fd, _LAST)

    def _say(self, fd: int, data: bytes) -> None:
        if (sock := self._connections.get(fd)) is not None:
            with contextlib.suppress(OSError):  # who has gone is noticed by reading
                sock.send(data)

    def _close(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._connections.pop(fd).close()


if __name__ == "__main__":
    ModelServer(socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)).serve()
