"""
The daemon's API over HTTP, one call at a time, with the standard library only.

Rule: no redirect is followed and no proxy is asked, so that the token goes nowhere but to the
address that was named.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from shadowmon.console.plain import plain


URL_VARIABLE = "SHADOWMON_URL"
TOKEN_VARIABLE = "SHADOWMON_TOKEN"  # noqa: S105 - the name of a variable, no secret
DEFAULT_URL = "http://127.0.0.1:9180"
_SECONDS = 10.0
_ANSWER_MAX_BYTES = 64 * 1024 * 1024


class UnreachableError(Exception):
    """No daemon answers there."""


class AnsweredNoError(Exception):
    """The daemon answered, and refused. The message is its own."""


class Client:
    """One daemon."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """
        Take an address.

        Raises:
            ValueError: If it is none.

        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = f"{plain(url)} is not an address (write {DEFAULT_URL})"
            raise ValueError(msg)
        self._url = url.rstrip("/")
        self._host, self._port = parts.hostname, parts.port  # a wrong port is a ValueError too
        self._secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._token = token

    def get(self, *path: str, **query: str | int | None) -> Any:  # noqa: ANN401 - any JSON value
        """
        Read. `get("trials", "int8", entry=3)` asks for /api/v1/trials/int8?entry=3.

        Raises:
            UnreachableError: If no daemon answers.
            AnsweredNoError: If it refuses.

        """
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, query=given)

    def post(self, *path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """
        Ask for something.

        Raises:
            UnreachableError: If no daemon answers.
            AnsweredNoError: If it refuses.

        """
        return self._call("POST", path, body=json.dumps(body).encode())

    def _call(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON value
        target = "/".join([f"{self._path}/api/v1", *(quote(step, safe="") for step in path)])
        target += f"?{urlencode(query)}" if query else ""
        try:
            connection = self._connection()
            try:
                connection.request(method, target, body=body, headers=self._headers(body))
                answer = connection.getresponse()
                return self._read(answer.status, answer.read(_ANSWER_MAX_BYTES))
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            msg = f"no shadowmon answers at {plain(self._url)}: {plain(why)}"
            raise UnreachableError(msg) from error

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=_SECONDS, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _read(self, status: int, body: bytes) -> Any:  # noqa: ANN401 - any JSON value
        try:
            told = json.loads(body)
        except ValueError:
            msg = f"{plain(self._url)} answered {status} and no JSON: is it shadowmon's console?"
            raise UnreachableError(msg) from None
        if status < http.client.BAD_REQUEST:
            return told
        error = told.get("error") if isinstance(told, dict) else None
        error = error if isinstance(error, dict) else {}
        message, hint = str(error.get("message", status)), str(error.get("hint", ""))
        raise AnsweredNoError(plain(message) + (f" ({plain(hint)})" if hint else ""))


def from_environment(url: str | None, environment: Mapping[str, str] = os.environ) -> Client:
    """
    Return the daemon that a command is about.

    Args:
        url: From the flag; None: the variable SHADOWMON_URL, else this machine's own.
        environment: SHADOWMON_TOKEN holds the operator's token: a flag would be seen in `ps`.

    Raises:
        ValueError: If the address is none, or the token cannot be sent.

    """
    token = environment.get(TOKEN_VARIABLE) or None
    if token is not None and not (token.isascii() and token.isprintable()):
        msg = f"{TOKEN_VARIABLE} holds a character that no token can have"
        raise ValueError(msg)
    return Client(url or environment.get(URL_VARIABLE) or DEFAULT_URL, token=token)
