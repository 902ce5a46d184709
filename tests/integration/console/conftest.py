"""A console and somebody who asks it."""

from __future__ import annotations

import json
import socket

from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.consoles import a_desk, everything, running


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The error's message."""
        return str(self.json["error"]["message"])


@dataclass
class Caller:
    """Asks one console; each call on a connection of its own."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask; a body that is not bytes is sent as JSON."""
        given = self.headers | (headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            given = {"Content-Type": "application/json"} | given
        connection = HTTPConnection(self.address, timeout=5)
        try:
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            lowered = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lowered, answer.read())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """Return a bare connection."""
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=5)

    def raw(self, sent: bytes) -> bytes:
        """Send bytes, and return all that comes until the other end closes."""
        with self.connect() as sock:
            sock.sendall(sent)
            return everything(sock)


@pytest.fixture
def desk():
    """A desk with one trial."""
    return a_desk()


@pytest.fixture
def start(desk):
    """`start(token="…")` serves the desk and returns a caller."""
    contexts = []

    def start(**changes: Any) -> Caller:
        context = running(desk, **changes)
        contexts.append(context)
        return Caller(context.__enter__())

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def ask(start: Callable[..., Caller]) -> Caller:
    """A console without a token."""
    return start()
