"""
One HTTP endpoint that assesses: asked within a deadline, a budget and a size, and never trusted.

Rule 1: a call gives bytes, or an `UnansweredError` with one word of `Trouble`; nothing else.
Rule 2: no redirect is followed, for it would send users' texts and the token elsewhere.
Rule 3: no error and no log quotes what was sent or answered.
Rule 4: whether an endpoint is asked depends on the time and on its past alone (`trouble`), never on
the texts: were a cached or an easy pair still assessed while the others are not, only the easy ones
would be counted.
"""

from __future__ import annotations

import asyncio
import enum
import io
import json

from types import TracebackType
from typing import NoReturn, Self, TypeVar

import aiohttp
import msgspec

from yarl import URL

from shadowmon.assessors.budget import Budget
from shadowmon.assessors.settings import EndpointSettings
from shadowmon.clock import Clock
from shadowmon.errors import ShadowmonError
from shadowmon.records import SHADOW_HEADER


_FAILURES_MAX = 3
"""In a row; after them the endpoint is not asked for a while."""
_REST_SECONDS = 5.0
_IDLE_SECONDS = 4.0
"""An idle connection is closed before a server does (uvicorn's default is 5)."""

_T = TypeVar("_T")


class Trouble(enum.StrEnum):
    """Why an endpoint gave no answer."""

    DOWN = "endpoint_down"
    """No connection, a connection that broke, or a status of 5xx."""
    TIMEOUT = "timeout"
    BUDGET = "budget"
    BUSY = "busy"
    """Status 429, or all of our own connections in use for a whole timeout."""
    DENIED = "denied"
    """Status 401 or 403: the token is wrong."""
    REFUSED = "refused"
    """Status 400, 413 or 422: it will not read what it was sent. The texts may be the cause."""
    BAD_ANSWER = "bad_answer"
    """Not what the API promises. The texts may be the cause."""


FROM_THE_TEXTS = frozenset({Trouble.REFUSED, Trouble.BAD_ANSWER})
"""What a text can bring about, to escape from being assessed."""

_STATUSES = {
    400: Trouble.REFUSED,
    401: Trouble.DENIED,
    403: Trouble.DENIED,
    413: Trouble.REFUSED,
    422: Trouble.REFUSED,
    429: Trouble.BUSY,
}
_OK = 200
_SERVER_ERROR = 500


class UnansweredError(ShadowmonError):
    """The endpoint gave no answer. Becomes an `unavailable`, or a `missing`, assessment."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble.value)


class Endpoint:
    """An endpoint. Enter it before it is asked."""

    def __init__(
        self, settings: EndpointSettings, clock: Clock, *, answer_max_bytes: int = 1024 * 1024
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._answer_max_bytes = answer_max_bytes
        self._budget = Budget(
            clock, per_minute=settings.calls_per_minute, per_day=settings.calls_per_day
        )
        self._slots = asyncio.Semaphore(settings.connections_max)
        self._headers = _headers(settings)
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._rest = Trouble.DOWN
        self._rests_until = float("-inf")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers=self._headers,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def fails(self) -> bool:
        """Did it fail when it was last asked, and not for what it was asked?"""
        return self._failures > 0

    def trouble(self, *, calls: int = 1) -> Trouble | None:
        """Say why it is not to be asked `calls` times now; None if it is."""
        if self._clock.monotonic() < self._rests_until:
            return self._rest
        return None if self._budget.left() >= calls else Trouble.BUDGET

    def cut(self, text: str) -> str:
        """Return as much of the text as may be sent."""
        return text[: self.settings.chars_max]

    async def post(self, path: str, body: bytes) -> bytes:
        """
        Send JSON, and return the body of the answer.

        Raises:
            UnansweredError: If there is none.

        """
        if trouble := self.trouble():
            raise UnansweredError(trouble)
        await self._wait_for_a_slot()
        try:
            answer = await self._ask(path, body)
        except UnansweredError as error:
            self._note(error.trouble)
            raise
        finally:
            self._slots.release()
        self._note(None)
        return answer

    async def _wait_for_a_slot(self) -> None:
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise UnansweredError(Trouble.BUSY) from None

    async def _ask(self, path: str, body: bytes) -> bytes:
        if not self._budget.take():
            raise UnansweredError(Trouble.BUDGET)
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                try:
                    return await self._send(path, body)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                    # Perhaps the server closed an idle connection as we took it. To ask twice for
                    # an assessment harms nobody.
                    return await self._send(path, body)
        except TimeoutError:
            trouble = Trouble.TIMEOUT
        except aiohttp.ClientResponseError:  # what came is not HTTP
            trouble = Trouble.BAD_ANSWER
        except (aiohttp.ClientError, OSError):
            trouble = Trouble.DOWN
        # Raised out here, so that the error does not carry the other one, which may quote bytes.
        raise UnansweredError(trouble)

    async def _send(self, path: str, body: bytes) -> bytes:
        if self._session is None:
            msg = "an endpoint was asked before it was entered"
            raise RuntimeError(msg)
        url = URL(self.settings.url.rstrip("/") + path, encoded=True)
        async with self._session.post(url, data=io.BytesIO(body), allow_redirects=False) as answer:
            if answer.status != _OK:
                _complain(answer.status)
            pieces: list[bytes] = []
            room = self._answer_max_bytes
            async for piece in answer.content.iter_any():
                room -= len(piece)
                if room < 0:
                    raise UnansweredError(Trouble.BAD_ANSWER)
                pieces.append(piece)
            return b"".join(pieces)

    def _note(self, trouble: Trouble | None) -> None:
        """Rest after several failures in a row: a server that is down is not helped by calls."""
        if trouble is Trouble.BUDGET:
            return
        if trouble is None or trouble in FROM_THE_TEXTS:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= _FAILURES_MAX:
            self._rest = trouble
            self._rests_until = self._clock.monotonic() + _REST_SECONDS


def written(value: object) -> bytes:
    """Write JSON; half a surrogate pair, which UTF-8 has no place for, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def read(body: bytes, shape: type[_T]) -> _T:
    """
    Read JSON of this shape.

    Raises:
        UnansweredError: If it is not JSON (NaN and Infinity are not), or of another shape.

    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise UnansweredError(Trouble.BAD_ANSWER)


def _complain(status: int) -> NoReturn:
    if status >= _SERVER_ERROR:
        raise UnansweredError(Trouble.DOWN)
    raise UnansweredError(_STATUSES.get(status, Trouble.BAD_ANSWER))


def _headers(settings: EndpointSettings) -> dict[str, str]:
    """Return the headers of every call; the mark keeps our own proxy from mirroring it."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "shadowmon",
        **{name.lower(): value for name, value in settings.headers.items()},
        SHADOW_HEADER: "1",
    }
    if settings.bearer_token is not None:
        headers["authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    return headers
