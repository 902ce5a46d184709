"""
Everybody who is told, and the tasks that tell them.

Rule: the control loop neither calls nor waits for anything in here.
"""

from __future__ import annotations

import asyncio
import ipaddress

from collections.abc import Callable, Sequence

from aiohttp import web

from shadowmon.clock import Clock
from shadowmon.errors import StoreError
from shadowmon.notify.alertmanager import Alertmanager, names
from shadowmon.notify.counting import Count
from shadowmon.notify.courier import Courier, Patience
from shadowmon.notify.outbox import Outbox
from shadowmon.notify.receiver import Receiver, Slack, Webhook
from shadowmon.notify.settings import NotifySettings
from shadowmon.outbound.client import HttpClient
from shadowmon.outbound.reach import Reach
from shadowmon.records import DeadLetter, Entry
from shadowmon.view import DaemonView


DEAD_PATH = "/api/v1/notifications/dead"
RECEIVERS_PATH = "/api/v1/notifications"
SHOWN_MAX = 1_000


class Notifier:
    """All of it, for one daemon."""

    def __init__(
        self,
        settings: NotifySettings,
        outbox: Outbox,
        clock: Clock,
        *,
        view: Callable[[], DaemonView],
        count: Count,
        unwritten: Callable[[], Sequence[Entry]] | None = None,
    ) -> None:
        """
        Args:
            settings: Who is told.
            outbox: The store.
            clock: The time.
            view: Shows what is firing.
            count: Counts what becomes of each try.
            unwritten: Gives what stands though the store did not take it; None: nothing ever does.

        """
        self._outbox = outbox
        self._looks_ahead = unwritten is not None
        reach = Reach(
            public_only=settings.public_only,
            allow=tuple(map(ipaddress.ip_network, settings.allow)),
        )
        self._http = HttpClient(reach=reach)
        patience = Patience(give_up_seconds=settings.give_up_seconds, dead_max=settings.dead_max)
        self._couriers = [
            Courier(
                receiver,
                outbox,
                clock,
                patience=patience,
                count=count,
                unwritten=unwritten or tuple,
            )
            for receiver in self._receivers(settings)
        ]
        alertmanager = settings.alertmanager
        urls = alertmanager.urls if alertmanager else ()
        self._alertmanagers = [
            Alertmanager(name, url, alertmanager, self._http, clock, view=view, count=count)
            for name, url in zip(names(urls), urls, strict=True)
            if alertmanager is not None
        ]

    def _receivers(self, settings: NotifySettings) -> list[Receiver]:
        return [
            *(Webhook(name, each, self._http) for name, each in settings.webhooks.items()),
            *(Slack(name, each, self._http) for name, each in settings.slack.items()),
        ]

    async def run(self) -> None:
        """Tell everybody, until cancelled."""
        async with self._http, asyncio.TaskGroup() as tasks:
            for courier in self._couriers:
                tasks.create_task(courier.run())
                if self._looks_ahead:
                    tasks.create_task(courier.ahead.run())
            for alertmanager in self._alertmanagers:
                tasks.create_task(alertmanager.run())

    # --- what is shown of it ---

    def problems(self) -> dict[str, str]:
        """Return each receiver's last problem, an Alertmanager's too; empty if it was taken."""
        couriers = {each.receiver.name: each.problem for each in self._couriers}
        return couriers | {each.name: each.problem for each in self._alertmanagers}

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [web.get(RECEIVERS_PATH, self.receivers), web.get(DEAD_PATH, self.dead)]

    async def receivers(self, request: web.Request) -> web.Response:
        """Tell how the last try of each receiver went."""
        del request
        told = [{"receiver": name, "problem": why} for name, why in self.problems().items()]
        return web.json_response({"receivers": told})

    async def dead(self, request: web.Request) -> web.Response:
        """Tell which messages were given up, the newest first."""
        del request
        try:
            letters = await self._outbox.dead_letters(limit=SHOWN_MAX)
        except StoreError:
            problem = {"message": "the journal cannot be reached", "hint": ""}
            return web.json_response({"error": problem}, status=503)
        return web.json_response({"dead": [_shown(letter) for letter in letters]})


def _shown(letter: DeadLetter) -> dict[str, object]:
    return {
        "receiver": letter.reader,
        "entry": letter.number,
        "id": letter.message_id,
        "topic": letter.topic,
        "sentence": letter.sentence,
        "problem": letter.problem,
        "tries": letter.tries,
        "given_up_at": letter.at.isoformat().replace("+00:00", "Z"),
    }
