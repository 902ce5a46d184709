"""
One post of lines over HTTP/1.1, and what is known of it afterwards.

A line must not be counted twice, so a post is made again only if nothing of it can have arrived:
no connection could be made.
"""

from __future__ import annotations

import enum
import http.client
import json

from urllib.parse import quote, urlsplit


_ANSWER_MAX = 65_536
_GOOD = range(200, 300)
_UNPROCESSABLE = 422


class Sent(enum.Enum):
    """What became of a post."""

    TAKEN = "sent"
    REFUSED = "dropped_refused"
    LOST = "dropped_lost"
    """It may have arrived, or not."""
    UNREACHED = "unreached"
    """Nothing of it arrived."""


class Address:
    """Where pairs of one trial are told."""

    def __init__(self, url: str, trial: str, token: str | None, timeout_seconds: float) -> None:
        """
        Take an address apart.

        Raises:
            ValueError: If it is none.

        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "url must be an address such as http://127.0.0.1:9181 (traffic.events.listen)"
            raise ValueError(msg)
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/api/v1/pairs/{quote(trial, safe='')}"
        self._headers = {"content-type": "application/x-ndjson"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        self._timeout = timeout_seconds

    def post(self, lines: list[bytes]) -> tuple[Sent, int]:
        """Post lines; return what became of them, and how many were refused one by one."""
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        try:
            try:
                connection.connect()
            except (OSError, ValueError):  # a host name may be none (UnicodeError)
                return Sent.UNREACHED, 0
            try:
                connection.request("POST", self._path, b"\n".join(lines), self._headers)
                answer = connection.getresponse()
                return _judged(answer.status, answer.read(_ANSWER_MAX), told=len(lines))
            except (OSError, ValueError, http.client.HTTPException):
                return Sent.LOST, 0
        finally:
            connection.close()


def _judged(status: int, body: bytes, *, told: int) -> tuple[Sent, int]:
    if status in _GOOD:
        return Sent.TAKEN, 0
    if status == _UNPROCESSABLE:
        try:
            # Not by the refused ones themselves: of many of them some only are told.
            return Sent.TAKEN, told - min(told, max(0, int(json.loads(body)["taken"])))
        except (ValueError, TypeError, KeyError, OverflowError):
            return Sent.LOST, 0
    return Sent.REFUSED, 0
