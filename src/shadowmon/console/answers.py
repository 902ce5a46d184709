"""
What every answer has in common: errors as JSON, headers that keep browsers out of mischief.

Rule 1: whoever asks never sees a traceback, nor anything of an exception that was not written for
people; the log does.
"""

from __future__ import annotations

import asyncio
import json

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

import structlog

from aiohttp import web
from aiohttp.typedefs import Middleware

from shadowmon.console.auth import Door, Marks, Tokens, refusal
from shadowmon.console.hosts import is_known
from shadowmon.console.plain import plain
from shadowmon.errors import ConfigError, RefusedError, StoreError


log = structlog.get_logger()

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Server": "shadowmon",
}

_HINTS: Mapping[int, str] = {
    404: "GET /api/v1/openapi.json lists what there is",
    413: "send less at one time; console.body_max_bytes is the limit",
}

_PASSED_ON = (
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    "X-Real-IP",
)
"""What proxies write into what they pass on: which of them, each does as it likes."""


class ApiError(Exception):
    """An answer that says no, with a message for people."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


def refuse(status: int, message: str, hint: str = "") -> NoReturn:
    """Answer no: what is wrong, and what to do."""
    raise ApiError(status, message, hint) from None


def no_trial(name: str, there: Iterable[str]) -> NoReturn:
    """Answer that no trial is called that, and which there are."""
    known = ", ".join(plain(each) for each in there)
    refuse(
        404,
        f'no trial is called "{plain(name, limit=80)}"',
        f"there are: {known}" if known else "no trial is configured",
    )


def as_json(data: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    """Answer with JSON; a number that is none (NaN) would be a bug, and is never sent."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True)
    text = text.replace("<", "\\u003c")  # it only stands in texts; nothing reads as a tag then
    return web.Response(text=text, status=status, content_type="application/json")


def error(status: int, message: str, hint: str = "", **more: Any) -> web.Response:  # noqa: ANN401
    """Answer with an error in the one form that all errors have."""
    return as_json({"error": {"message": message, "hint": hint, **more}}, status)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the common headers on an answer; a signal of aiohttp's."""
    del request
    response.headers.update(HEADERS)


@web.middleware
async def errors_as_json(  # noqa: PLR0911 - one answer for each kind of exception
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Turn every exception into the answer that it means."""
    try:
        return await handler(request)
    except web.HTTPException as refused:
        return _of_aiohttp(refused)
    except ApiError as refused:
        return error(refused.status, refused.message, refused.hint)
    except RefusedError as refused:
        return error(409, str(refused), "GET /api/v1/trials shows where each trial stands")
    except ConfigError as refused:
        complaints = [
            {"key": one.key, "problem": one.problem, "hint": one.hint} for one in refused.complaints
        ]
        hint = "the former configuration stays in force"
        return error(422, "the configuration was refused", hint, complaints=complaints)
    except StoreError as failed:
        log.warning("console.store_failed", path=request.path, problem=str(failed))
        return error(503, "the journal cannot be reached", "see `problems` in /api/v1/status")
    except TimeoutError:
        return error(408, "the request's body did not come in time")
    except web.RequestPayloadError:
        return error(400, "the request's body cannot be read", "its framing is wrong")
    except (asyncio.CancelledError, ConnectionError):
        raise  # whoever asked is gone, or we are going
    except Exception:
        log.exception("console.request_failed", path=request.path)
        return error(500, "something is wrong inside of shadowmon", "its log says what")


def _of_aiohttp(refused: web.HTTPException) -> web.StreamResponse:
    if refused.status < 400:  # noqa: PLR2004
        raise refused
    answer = error(refused.status, refused.reason.lower(), _HINTS.get(refused.status, ""))
    if "Allow" in refused.headers:
        answer.headers["Allow"] = refused.headers["Allow"]
    return answer


def only_known_hosts(names: Collection[str]) -> Middleware:
    """
    Return the middleware that answers to the console's own names alone.

    Args:
        names: Those beside its own and addresses (console/hosts.py).

    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if all(is_known(host, names) for host in request.headers.getall("Host", ())):
            return await handler(request)
        hint = "ask by address or as localhost, or add the name to console.hosts"
        return error(421, "the console does not go by the name that it was asked for", hint)

    return middleware


def only_who_may(tokens: Tokens, *, doors: Mapping[str, Door]) -> Middleware:
    """
    Return the middleware that asks who it is before anything is changed, or shown of users' texts.

    Args:
        tokens: The configured ones.
        doors: Resource (`resource.canonical`) -> what it asks; of all others what changes something
            needs the operator's token.

    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        door = Door.OPERATE if resource is None else doors.get(resource.canonical, Door.OPERATE)
        refused = refusal(_marks(request), tokens=tokens, door=door)
        if refused is None:
            return await handler(request)
        answer = error(refused.status, refused.message, refused.hint)
        if refused.status == 401:  # noqa: PLR2004
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    return middleware


def _marks(request: web.Request) -> Marks:
    peer = request.transport and request.transport.get_extra_info("peername")
    return Marks(
        method=request.method,
        peer=str(peer[0]) if peer else "",
        host=request.headers.get("Host", ""),
        origin=request.headers.get("Origin"),
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        authorization=request.headers.get("Authorization"),
        forwarded=any(name in request.headers for name in _PASSED_ON),
    )
