"""
The Kubernetes API, as far as one object is concerned: GET it, and PATCH it with JSON Patch
(RFC 6902).

Rule 1: the token is read for every call, for the kubelet exchanges it under our hands.
Rule 2: where we are asked to wait (429 or 503 with Retry-After) nobody asks again before.
"""

from __future__ import annotations

import ssl

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, NoReturn, Self

import msgspec

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.actuators.files import read_small
from shadowmon.actuators.letting_go import answered
from shadowmon.clock import Clock
from shadowmon.errors import ActuatorError
from shadowmon.outbound.client import HttpAnswer, HttpClient, NoAnswerError
from shadowmon.outbound.reach import Reach


_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_CONFLICT, _UNPROCESSABLE, _BUSY, _SERVER_ERROR = 409, 422, 429, 500
_WAIT_MAX_SECONDS = 600.0
_OBJECT_MAX_BYTES = 4 * 1024 * 1024
"""More than etcd keeps of one object."""

KubernetesName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class ApiSettings(BaseModel):
    """Where the API is, and who we are there. The defaults are right inside of a cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^https?://[^/@]+$")] = "https://kubernetes.default.svc"
    token_file: Path | None = _ACCOUNT / "token"
    """None: no token is sent, as to a `kubectl proxy`."""
    ca_file: Path | None = _ACCOUNT / "ca.crt"
    """Whoever signed the API's certificate; None: the machine's own list."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Of one call."""


class StaleError(Exception):
    """The object is another one than was read, or it is not known whether the patch was taken."""


class Api:
    """One object of the API. Enter it before it is asked."""

    def __init__(self, settings: ApiSettings, path: str, clock: Clock) -> None:
        self._settings = settings
        self._path = path
        self._clock = clock
        self._http = HttpClient(reach=Reach())
        self._opened = AsyncExitStack()
        self._tls: ssl.SSLContext | bool = True
        self._waits_until = float("-inf")

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._http)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    async def get(self) -> Mapping[str, Any]:
        """
        Return the object.

        Raises:
            ActuatorError: If it cannot be had.

        """
        answer = await self._ask("GET")
        if not answer.is_good:
            self._refused("cannot be read", answer)
        try:
            found = msgspec.json.decode(answer.body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            msg = f"{self._path}: what the API answered is no object"
            raise ActuatorError(msg) from None
        return found

    async def patch(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """
        Patch the object.

        Raises:
            StaleError: If it must be read again first: another object, or an answer that was lost.
            ActuatorError: If the API refuses.

        """
        body = msgspec.json.encode(list(operations))
        try:
            answer = await answered(self._ask("PATCH", body))
        except ActuatorError as error:
            raise StaleError(str(error)) from None
        if answer.status in {_CONFLICT, _UNPROCESSABLE} or (
            answer.status >= _SERVER_ERROR and "retry-after" not in answer.headers
        ):
            raise StaleError(answer.said)
        if not answer.is_good:
            self._refused("cannot be patched", answer)

    async def _ask(self, method: str, body: bytes | None = None) -> HttpAnswer:
        waits = self._waits_until - self._clock.monotonic()
        if waits > 0:
            msg = f"{self._path}: the API asked to be left alone for another {waits:.0f} s"
            raise ActuatorError(msg)
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json-patch+json"
        if self._settings.token_file is not None:
            token = read_small(self._settings.token_file, "the service account's token")
            headers["authorization"] = f"Bearer {token}"
        try:
            return await self._http.ask(
                method,
                self._settings.url + self._path,
                headers=headers,
                body=body,
                timeout_seconds=self._settings.timeout_seconds,
                answer_max_bytes=_OBJECT_MAX_BYTES,
                tls=self._trusted(),
            )
        except NoAnswerError as error:
            raise ActuatorError(str(error)) from None

    def _trusted(self) -> ssl.SSLContext | bool:
        if self._tls is True and self._settings.ca_file is not None and self._is_https:
            authority = read_small(self._settings.ca_file, "the API's certificate authority")
            try:
                self._tls = ssl.create_default_context(cadata=authority)
            except ssl.SSLError:
                msg = f"{self._settings.ca_file} holds no certificate"
                raise ActuatorError(msg) from None
        return self._tls

    @property
    def _is_https(self) -> bool:
        return self._settings.url.startswith("https:")

    def _refused(self, what: str, answer: HttpAnswer) -> NoReturn:
        asked = answer.headers.get("retry-after", "")
        if asked.isascii() and asked.isdecimal():
            self._waits_until = self._clock.monotonic() + min(float(asked), _WAIT_MAX_SECONDS)
        msg = f"{self._path} {what}: {_reason(answer)}"
        raise ActuatorError(msg)


class _Status(msgspec.Struct):
    """What the API says when it says no (meta/v1 Status)."""

    message: str = ""


def _reason(answer: HttpAnswer) -> str:
    try:
        message = msgspec.json.decode(answer.body, type=_Status).message
    except (msgspec.MsgspecError, UnicodeDecodeError):
        message = ""
    return f"{answer.status}: {' '.join(message.split())[:200]}" if message else answer.said
