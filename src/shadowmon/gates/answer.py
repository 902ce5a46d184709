"""
An answer of a gate: a status and a body, before anything of HTTP is known of it.

Rule 1: a no is a 4xx: of a 5xx Flagger's client keeps the status and throws the reason away, and
        asks again.
Rule 2: JSON never holds NaN, for Argo would read the whole answer as plain text then.
"""

from __future__ import annotations

import asyncio
import json

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from shadowmon.view import DaemonView


BODY_SECONDS = 10.0
_SHOWN_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered. Text is for people; a mapping or a list is sent as JSON."""

    status: int
    body: str | Mapping[str, Any] | Sequence[Any]

    def response(self) -> web.Response:
        """Return it as aiohttp sends it."""
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body + "\n")
        text = json.dumps(self.body, allow_nan=False)
        return web.Response(status=self.status, text=text, content_type="application/json")


async def body_of(request: web.Request) -> bytes:
    """
    Return a request's body.

    Raises:
        TimeoutError: If it does not come in time.

    """
    async with asyncio.timeout(BODY_SECONDS):
        return await request.read()


def no_trial(name: str, view: DaemonView) -> Answer:
    """Answer that no trial is called so, and which there are."""
    return Answer(status=404, body=f"{not_called(name)}; {there_are(view)}")


def not_called(name: str) -> str:
    """Say that no trial is called so."""
    return f"no trial is called {shown(name)}"


def there_are(view: DaemonView) -> str:
    """Say which trials there are."""
    names = ", ".join(shown(trial.trial_id) for trial in view.trials)
    return f"there are: {names}" if names else "no trial is configured"


def shown(name: str) -> str:
    """Return a name from elsewhere, short and on one line."""
    kept = name[:_SHOWN_MAX]
    return kept if kept.isprintable() else ascii(kept)
