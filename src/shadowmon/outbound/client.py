"""
HTTP to others: within a deadline and a size, and never elsewhere.

Rule 1: no redirect is followed and no proxy is asked: what is told may be a secret.
Rule 2: an address is judged where it is connected to, after its name was resolved, so that a name
        cannot change in between.
Rule 3: no error quotes what was sent, nor an address beyond its host, for a path may be a secret.
        Of an answer an error shows the first words, for they say why.
"""

from __future__ import annotations

import asyncio
import ssl

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shadowmon.errors import ShadowmonError
from shadowmon.outbound.reach import Reach


ANSWER_MAX_BYTES = 64 * 1024
_SAID_MAX = 200
_IDLE_SECONDS = 4.0
"""An idle connection is closed before a server does (uvicorn's default is 5)."""


class NoAnswerError(ShadowmonError):
    """There is no whole answer; it may have been heard all the same. Whoever told tells again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def is_good(self) -> bool:
        """Is the status one of 200 to 299?"""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3

    @property
    def said(self) -> str:
        """The status, and the first words of the body, printable, for people."""
        text = " ".join(self.body[: _SAID_MAX * 4].decode("utf-8", "replace").split())[:_SAID_MAX]
        return f"{self.status}: {''.join(filter(str.isprintable, text))}".removesuffix(": ")


class HttpClient:
    """One client. Enter it before it is asked."""

    def __init__(self, *, reach: Reach) -> None:
        self._reach = reach
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Resolver(self._reach),
                use_dns_cache=False,
                keepalive_timeout=_IDLE_SECONDS,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers={"user-agent": "shadowmon", "accept-encoding": "identity"},
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

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_seconds: float
    ) -> HttpAnswer:
        """
        Tell, and return the answer, whatever its status.

        Raises:
            NoAnswerError: If there is none.

        """
        return await self.ask(
            "POST", url, headers=headers, body=body, timeout_seconds=timeout_seconds
        )

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float,
        answer_max_bytes: int = ANSWER_MAX_BYTES,
        tls: ssl.SSLContext | bool = True,
    ) -> HttpAnswer:
        """
        Ask, and return the answer, whatever its status; what is longer than allowed is left out.

        Raises:
            NoAnswerError: If there is none, or none that is whole.

        """
        if self._session is None:
            msg = "an HTTP client was asked before it was entered"
            raise RuntimeError(msg)
        host = _host(url)
        self._refuse_number(host)
        try:
            async with (
                asyncio.timeout(timeout_seconds),
                self._session.request(
                    method, url, headers=headers, data=body, ssl=tls, allow_redirects=False
                ) as answer,
            ):
                return HttpAnswer(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.headers.items()},
                    body=await _read(answer, answer_max_bytes),
                )
        except TimeoutError:
            problem = f"no answer within {timeout_seconds:g} s"
        except aiohttp.InvalidURL:
            problem = "this is no address"
        except aiohttp.ClientPayloadError:
            problem = "the answer was cut short"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = str(error) or type(error).__name__
        msg = f"{host}: {problem}"
        raise NoAnswerError(msg)

    def _refuse_number(self, host: str) -> None:
        """Refuse an address that is written as a number: a resolver is not asked for those."""
        try:
            permitted = self._reach.permits(host)
        except ValueError:
            return
        if not permitted:
            raise NoAnswerError(_not_permitted(host))


def _host(url: str) -> str:
    try:
        return URL(url).host or ""
    except ValueError:
        return ""  # whoever connects says that it is no address


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    found = b""
    async for piece in answer.content.iter_any():
        found += piece
        if len(found) >= most:
            return found[:most]
    return found


def _not_permitted(host: str) -> str:
    return f"{host} leads where nothing may be told; list its network in `allow` if it may"


class _Resolver(AbstractResolver):
    """Names of permitted addresses only."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family=family)  # type: ignore[arg-type] # the interface says int
        permitted = [each for each in found if self._reach.permits(each["host"])]
        if not permitted:
            raise OSError(None, _not_permitted(host))
        return permitted

    async def close(self) -> None:
        await self._resolver.close()
