"""
What a request says, read and checked: its query, its body, and the parts of that.

Rule: whatever is not as documented (console/openapi/) is refused, with what is allowed.
"""

from __future__ import annotations

import asyncio
import json

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from shadowmon.console.answers import refuse
from shadowmon.console.body import BodyError, BoundsError, read_json
from shadowmon.console.plain import plain


NAME_MAX = 100
REASON_MAX = 1000
ID_MAX = 256
LABEL_MAX = 1024
MANY_MAX = 10_000
"""Labels, or pieces of feedback, that are taken at one time."""
_DATA_MAX = 20_000


async def body_of(request: web.Request, *, within_seconds: float) -> Any:  # noqa: ANN401
    """Return the JSON that a request's body is."""
    if request.content_type != "application/json":
        refuse(415, "the body must be JSON", "send content-type: application/json")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        refuse(415, "the body must not be compressed", "leave content-encoding out")
    async with asyncio.timeout(within_seconds):
        body = await request.read()
    try:
        return read_json(body)
    except BodyError as wrong:
        status = 422 if isinstance(wrong, BoundsError) else 400
        refuse(status, f"the body is not JSON that can be taken: {wrong}")


def query_of(request: web.Request, *known: str) -> Mapping[str, str]:
    """Return the query's parameters; each is known, and given once."""
    for name in request.query:
        if name not in known:
            hint = f"there are: {', '.join(known)}" if known else "there are none"
            refuse(400, f'no parameter is called "{plain(name, limit=80)}"', hint)
        if len(request.query.getall(name)) > 1:
            refuse(400, f"the parameter {name} is given more than once")
    return dict(request.query)


def whole_of(query: Mapping[str, str], name: str, *, at_most: int) -> int:
    """Return a parameter that is a whole number from 1."""
    text = query[name]
    allowed = f"it must be a whole number from 1 to {at_most}"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(at_most))):
        refuse(400, f"the parameter {name} cannot be used", allowed)
    value = int(text)
    if not 1 <= value <= at_most:
        refuse(400, f"the parameter {name} cannot be used", allowed)
    return value


def object_of(value: Any, known: set[str], where: str = "the body") -> dict[str, Any]:  # noqa: ANN401
    """Return an object that has no other keys than these."""
    if not isinstance(value, dict):
        refuse(400, f"{where} must be an object", f"with the keys {listed(known)}")
    strange = sorted(value.keys() - known)
    if strange:
        refuse(
            400,
            f'{where} has no key "{plain(strange[0], limit=80)}"',
            f"there are: {listed(known)}",
        )
    return value


def text_of(
    asked: Mapping[str, Any], key: str, *, at_most: int, needed: bool = True, where: str = ""
) -> str:
    """Return a text, without the blanks around it."""
    value = asked.get(key, "")
    if not isinstance(value, str):
        refuse(400, f"{where}{key} must be text")
    value = value.strip()
    if needed and not value:
        refuse(400, f"{where}{key} is missing", f"{key} must not be empty")
    if len(value) > at_most:
        refuse(400, f"{where}{key} is too long", f"at most {at_most} characters are taken")
    return value


def data_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object under `data`, within bounds."""
    data = told.get("data", {})
    if not isinstance(data, dict):
        refuse(400, "data must be an object")
    if len(json.dumps(data)) > _DATA_MAX:
        refuse(413, "data is too large", f"at most {_DATA_MAX:,} characters are kept")
    return data


def listed(keys: set[str]) -> str:
    """Name keys for a message."""
    return ", ".join(sorted(keys))
