"""
Freezing everything, and ending that: one operation for all trials (rollout/freeze.py).

Rule: both need who and why; neither names a trial, and neither changes one's own state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from shadowmon.console import shapes
from shadowmon.console.answers import as_json
from shadowmon.console.desk import Desk
from shadowmon.console.reading import NAME_MAX, REASON_MAX, body_of, object_of, text_of
from shadowmon.rollout.freeze import Hold


FREEZE_PATH = "/api/v1/freeze"
UNFREEZE_PATH = "/api/v1/unfreeze"


class Freezes:
    """Both handlers."""

    def __init__(self, desk: Desk, *, body_seconds: float) -> None:
        self._desk = desk
        self._body_seconds = body_seconds

    def routes(self) -> list[web.RouteDef]:
        """Return both. Each is described in console/openapi/paths/."""
        return [
            web.post(FREEZE_PATH, self._asked(Hold.FREEZE)),
            web.post(UNFREEZE_PATH, self._asked(Hold.UNFREEZE)),
        ]

    def _asked(self, hold: Hold) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = await body_of(request, within_seconds=self._body_seconds)
            asked = object_of(body, {"operator", "reason"})
            freeze = await self._desk.hold(
                hold,
                operator=text_of(asked, "operator", at_most=NAME_MAX),
                reason=text_of(asked, "reason", at_most=REASON_MAX),
            )
            return as_json({"freeze": shapes.freeze(freeze)})

        return handler
