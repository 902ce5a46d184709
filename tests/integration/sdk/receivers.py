"""Servers that pairs are posted to: good ones, and others."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """A server on loopback that keeps what it is sent."""

    url: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    status: int = 202
    body: bytes = b"{}"


@contextlib.contextmanager
def receiving(port: int = 0, **given: Any) -> Iterator[Receiver]:
    """Run one for as long as the block takes."""
    found = Receiver(**given)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.lines += map(json.loads, body.split(b"\n"))
            found.paths.append(self.path)
            found.tokens.append(self.headers["authorization"])
            self.send_response(found.status)
            self.send_header("content-length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def hanging() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@contextlib.contextmanager
def babbling() -> Iterator[str]:
    """Answer with what is no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(0.05)
        is_over = threading.Event()

        def babble() -> None:
            while not is_over.is_set():
                with contextlib.suppress(OSError):
                    peer, _ = sock.accept()
                    with peer:
                        peer.recv(100_000)
                        peer.sendall(b"\x00\xff hello\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()
