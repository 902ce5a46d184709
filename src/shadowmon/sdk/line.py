"""
Two answers to one JSON line, as `POST /api/v1/pairs/TRIAL` takes it (daemon/live_pairs.py).

What a caller holds becomes:

| held | in the line |
|---|---|
| text | `{"text": …}` |
| what `answer()` or `wire()` made | as it is |
| an object with `model_dump()` (the openai and anthropic clients') | the wire's body, dumped |
| an exception | `{"outcome": "error"}`, or `timeout`; nothing of its text |
| any other JSON value | `{"fields": …}` |

Rule 1: everything is written out at once, in the caller's thread: what the caller does to its own
        objects afterwards changes nothing.
Rule 2: no `repr` and no `str` of a stranger's object is ever asked for.
"""

from __future__ import annotations

import json

from collections.abc import Iterable, Mapping
from typing import Any


Part = Any
"""What a caller holds: see the module."""


class _Made(dict[str, Any]):
    """An answer in the line's own words."""


def answer(**parts: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """
    Return an answer in shadowmon's normal form.

    Args:
        parts: `text`, `label`, `probabilities`, `fields`, `tool_calls`, … (keys of
            `records.Answer`), or `outcome` (timeout, error, …) alone.

    """
    return _Made(parts)


def wire(body: Any, *, status: int = 200) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """Return an answer as it came over the wire, to be read by the route's codec."""
    return _Made(status=status, body=_plain(body))


def kept(held: Part) -> Mapping[str, Any]:
    """Return an answer as it is now, whatever becomes of the caller's object."""
    return _Made(_copied(_told(held)))


def kept_request(held: Part) -> Part:
    """Return a request as it is now."""
    return held if held is None or isinstance(held, str) else _copied(_plain(held))


def _copied(held: Part) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(json.dumps(held, allow_nan=False))


def line_of(
    *,
    name: str,
    request: Part,
    baseline: Part,
    optimized: Part,
    seconds: tuple[float | None, float | None] = (None, None),
    target: str | None = None,
    user: str | None = None,
    slices: Iterable[str] = (),
) -> bytes:
    """
    Write a pair.

    Args:
        name: The exchange's id.
        request: What was asked: text, or the request's body in the route's wire format; None if
            it is not told.
        baseline: What the caller holds of each model; see the module.
        optimized: See there.
        seconds: How long each took.
        target: The path that the request goes to.
        user: Whose request it is.
        slices: Configured ones that it is in, beside those that its fields put it in.

    Raises:
        Exception: Whatever the objects raise that are not JSON.

    """
    told: dict[str, Any] = {
        "id": name,
        "baseline": _answer(baseline, seconds[0]),
        "optimized": _answer(optimized, seconds[1]),
    }
    if isinstance(request, str):
        told["question"] = {"text": request}
    elif request is not None:
        told["request"] = _plain(request)
    more = {"target": target, "user": user, "slices": list(slices)}
    told |= {key: value for key, value in more.items() if value}
    return json.dumps(told, allow_nan=False, separators=(",", ":")).encode("ascii")


def _answer(held: Part, seconds: float | None) -> dict[str, Any]:
    told = _told(held)
    return told if seconds is None else {**told, "seconds": seconds}


def _told(held: Part) -> dict[str, Any]:
    if isinstance(held, _Made):
        return held
    if isinstance(held, str):
        return {"text": held}
    if isinstance(held, BaseException):
        return {"outcome": "timeout" if isinstance(held, TimeoutError) else "error"}
    if hasattr(held, "model_dump"):
        return {"body": _plain(held)}
    return {"fields": held}


def _plain(held: Part) -> Any:  # noqa: ANN401 - any JSON
    return held.model_dump(mode="json") if hasattr(held, "model_dump") else held
