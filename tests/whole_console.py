"""All that a daemon's console serves: its own API, gates, shares, notifications and the curve."""

from __future__ import annotations

import asyncio

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from shadowmon.console.curve import Curve
from shadowmon.daemon.handed_out import ASKED_BY_POST
from shadowmon.gates import gates
from shadowmon.gates.ofrep import Flag, Ofrep
from shadowmon.gates.xds import Xds
from shadowmon.notify.notifier import Notifier
from shadowmon.notify.settings import NotifySettings
from shadowmon.records import DeadLetter, Weight
from shadowmon.sticky import salt_of
from shadowmon.store.memory import MemoryStore
from shadowmon.testing.desks import ScriptedDesk
from tests.factories import NOON
from tests.inboxes import QuickClock, uncounted


LETTER = DeadLetter(
    reader="slack.ops",
    number=7,
    message_id="journal_7_00",
    topic="rollout.rolled_back",
    sentence="rolled back",
    problem="404: no such channel",
    tries=3,
    at=NOON,
)


class HandedRuntime:
    """A runtime layer that an Envoy may ask for; its version never changes."""

    kind: Any = "runtime"
    name: str = "int8"
    version: str | None = "1"

    def resource(self) -> Mapping[str, Any]:
        """See `Handed.resource`."""
        return {"@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime", "name": self.name}

    def note(self, node: str, version: str, is_connected: Callable[[], bool]) -> None:
        """Take nothing in."""

    async def changed(self, version: str) -> None:
        """Return at once for whoever has another version; nothing else ever comes."""
        if version == self.version:
            await asyncio.Event().wait()


def everything_beside(desk: ScriptedDesk) -> dict[str, Any]:
    """Return what is served beside a desk's own API, as `consoles.running` takes it."""
    flags = [Flag(key="int8", salt=salt_of("shadowmon-rollout", "chat"), weight=lambda: Weight(10))]
    more: list[web.RouteDef] = [
        *gates.routes(desk, QuickClock()),
        *_notifier(desk).routes(),
        *Curve(desk).routes(),
        *Xds([HandedRuntime()], hold_seconds=0.05).routes(),
        *Ofrep(flags).routes(),
    ]
    return {"more": more, "asked_by_post": gates.ASKED_BY_POST | ASKED_BY_POST}


def _notifier(desk: ScriptedDesk) -> Notifier:
    store = MemoryStore()
    asyncio.run(_fill(store))
    settings = NotifySettings.model_validate({"slack": {"ops": {"url": "http://slack.example/"}}})
    return Notifier(settings, store, QuickClock(), view=desk.view, count=uncounted)


async def _fill(store: MemoryStore) -> None:
    await store.open()
    await store.move("slack.ops", 7, dead=LETTER)
