"""
The OpenFeature Remote Evaluation Protocol, 0.3.0: any application with OpenFeature reads its share.

A flag's value is true, and its variant `optimized`, for whoever stands below the trial's weight on
the same sticky line that our own proxy uses: one user meets one model, whichever way she comes, and
a rising weight moves users one way only.

Rule 1: a trial whose weight is not known yet has no flag: the application takes its own default.
Rule 2: who has no name (an empty targetingKey) stands at the very end of the line: were all of them
        one user like any other, a tenth of the users could be most of the traffic.
Rule 3: a context is read and forgotten; nothing of it is logged or sent back.
"""

from __future__ import annotations

import json

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from aiohttp import web

from shadowmon.gates.answer import body_of
from shadowmon.records import Weight
from shadowmon.sticky import SPAN, place


ALL_PATH = "/ofrep/v1/evaluate/flags"
ONE_PATH = ALL_PATH + "/{key}"
"""Both are asked by POST, and nothing is changed by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One trial as a flag."""

    key: str
    salt: bytes
    """Of the trial's route (sticky.salt_of)."""
    weight: Callable[[], Weight | None]
    """The weight now; None while it is not known."""

    def evaluate(self, targeting_key: str, weight: Weight) -> dict[str, Any]:
        """Say which model serves this user."""
        key = targeting_key.encode()
        stands = place(self.salt, key) if key else SPAN - 1
        optimized = stands < weight
        return {
            "key": self.key,
            "value": optimized,
            "variant": "optimized" if optimized else "baseline",
            "reason": "SPLIT",
            "metadata": {"percent": weight / 100},
        }


class _Context(msgspec.Struct):
    targeting_key: str | None = msgspec.field(name="targetingKey", default=None)


class _Asked(msgspec.Struct):
    context: _Context


_NO_JSON = ("PARSE_ERROR", "the body is not JSON")
_NO_CONTEXT = (
    "INVALID_CONTEXT",
    "the body must be an object with a `context` whose targetingKey is a string",
)
_NO_KEY = ("TARGETING_KEY_MISSING", "a share is a share of users: give targetingKey")
_NO_TIME = ("INVALID_CONTEXT", "flagConfigLastModified is neither seconds since 1970 nor a time")


class _RefusedError(Exception):
    """Why nothing can be evaluated: OpenFeature's code for it, and a sentence."""

    def __init__(self, why: tuple[str, str]) -> None:
        self.code, self.details = why
        super().__init__(self.details)


class Ofrep:
    """All flags."""

    def __init__(self, flags: Iterable[Flag]) -> None:
        self._flags = {flag.key: flag for flag in flags}

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.post(ONE_PATH, self.evaluate),
            web.post(ALL_PATH, self.evaluate_all),
        ]

    async def evaluate(self, request: web.Request) -> web.Response:
        """Evaluate one flag."""
        key = request.match_info["key"]
        flag = self._flags.get(key)
        weight = None if flag is None else flag.weight()
        try:
            targeting_key = await _targeting_key(request)
        except _RefusedError as refused:
            return _no(400, refused.code, refused.details, key)
        if flag is None or weight is None:
            return _no(404, "FLAG_NOT_FOUND", "there is no such flag, or not yet", key)
        return web.json_response(flag.evaluate(targeting_key, weight))

    async def evaluate_all(self, request: web.Request) -> web.Response:
        """Evaluate every flag; 304 if whoever asks has seen the very same."""
        try:
            _check_query(request)
            targeting_key = await _targeting_key(request)
        except _RefusedError as refused:
            return _no(400, refused.code, refused.details)
        weights = {flag: flag.weight() for flag in self._flags.values()}
        evaluated = [
            flag.evaluate(targeting_key, weight)
            for flag, weight in weights.items()
            if weight is not None
        ]
        body = json.dumps({"flags": evaluated}).encode()
        tag = blake2b(body, digest_size=12).hexdigest()
        headers = {"ETag": f'"{tag}"'}
        seen = {each.value for each in request.if_none_match or ()}
        if seen & {tag, "*"}:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)


async def _targeting_key(request: web.Request) -> str:
    try:
        asked = msgspec.json.decode(await body_of(request), type=_Asked)
    except msgspec.ValidationError:
        raise _RefusedError(_NO_CONTEXT) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _RefusedError(_NO_JSON) from None
    key = asked.context.targeting_key
    if key is None:
        raise _RefusedError(_NO_KEY)
    return key


def _check_query(request: web.Request) -> None:
    """Refuse a time that is none. No time is needed, for a tag is made of every answer."""
    for text in request.query.getall("flagConfigLastModified", ()):
        is_seconds = text.isascii() and text.isdecimal()
        try:
            is_time = is_seconds or datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            is_time = False
        if not is_time:
            raise _RefusedError(_NO_TIME)


def _no(status: int, code: str, details: str, key: str | None = None) -> web.Response:
    body: Mapping[str, Any] = {"errorCode": code, "errorDetails": details}
    return web.json_response(body if key is None else {"key": key, **body}, status=status)
