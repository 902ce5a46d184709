"""
Keeps every Alertmanager up to date on what is firing.

Rule 1: each is told by a task of its own: one that hangs delays no other.
Rule 2: what fires is told at once and then every `resend_seconds`, each time with an end four times
        as far away: if we die, it ends by itself. What is over is told until it was heard.
Rule 3: it is read off the picture and waits for no store, so that it also tells that the store is
        down, and of weight that was taken away meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import re

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from shadowmon.clock import Clock
from shadowmon.notify.alerts import Alert, firing
from shadowmon.notify.backoff import delay
from shadowmon.notify.counting import Count, Fate, begin
from shadowmon.notify.settings import AlertmanagerSettings
from shadowmon.outbound.client import HttpClient, NoAnswerError
from shadowmon.outbound.files import UnreadableError, read_small
from shadowmon.view import DaemonView


log = structlog.get_logger()

LOOK_SECONDS = 1.0
_ENDS_AFTER = 4
"""Times `resend_seconds`, as Prometheus does."""

_Labels = tuple[tuple[str, str], ...]


def names(urls: Sequence[str]) -> list[str]:
    """
    Return what each Alertmanager is counted by: its host and port, and a number where it is not
    the first one there. The rest of an address is nobody's business: it may hold a token.
    """
    found: list[str] = []
    for url in urls:
        place = re.split(r"[/?#]", url.partition("://")[2])[0].lower()
        name = f"alertmanager.{place}"
        again = sum(each == name or each.startswith(f"{name}#") for each in found)
        found.append(f"{name}#{again + 1}" if again else name)
    return found


class Since:
    """When each alert was first seen."""

    def __init__(self) -> None:
        self._at: dict[_Labels, datetime] = {}

    def of(self, alerts: Sequence[Alert], now: datetime) -> Mapping[_Labels, datetime]:
        """Return the beginnings of what is firing, and forget those of what is over."""
        self._at = {each.labels: each.since or self._at.get(each.labels, now) for each in alerts}
        return self._at


class Alertmanager:
    """One of them."""

    def __init__(
        self,
        name: str,
        url: str,
        settings: AlertmanagerSettings,
        http: HttpClient,
        clock: Clock,
        *,
        view: Callable[[], DaemonView],
        count: Count,
    ) -> None:
        """
        Args:
            name: What it is counted by (`names`).
            url: Its address; the API's path is added to it.
            settings: Of all of them.
            http: To tell by.
            clock: The time.
            view: Shows what is.
            count: Counts what becomes of each try.

        """
        self.name = name
        self.problem = ""
        """How the last try went; empty if it was taken, or there was none."""
        self._url = url.rstrip("/") + "/api/v2/alerts"
        self._settings = settings
        self._http = http
        self._clock = clock
        self._view = view
        self._count = count
        begin(count, name)
        self._since = Since()
        self._heard: dict[_Labels, Alert] = {}
        """What it believes to be firing."""
        self._due = float("-inf")
        self._failures = 0

    async def run(self) -> None:
        """Tell, for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once at what is firing, and tell what is due."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        alerts = {each.labels: each for each in firing(self._view(), self._settings.labels)}
        over = [each for labels, each in self._heard.items() if labels not in alerts]
        since = dict(self._since.of([*alerts.values(), *over], now))
        changed = alerts.keys() != self._heard.keys() and not self._failures
        if not (changed or (monotonic >= self._due and (alerts or over))):
            return
        until = now + timedelta(seconds=_ENDS_AFTER * self._settings.resend_seconds)
        body = [
            *(each.told(starts_at=since[each.labels], ends_at=until) for each in alerts.values()),
            *(each.told(starts_at=since[each.labels], ends_at=now) for each in over),
        ]
        self.problem = await self._post(body)
        if self.problem:
            self._failed()
            return
        self._heard, self._failures = alerts, 0
        self._due = self._clock.monotonic() + self._settings.resend_seconds
        self._count(self.name, Fate.DELIVERED)

    def _failed(self) -> None:
        if not self._failures:
            log.warning("notify.alertmanager_failed", receiver=self.name, problem=self.problem)
        self._failures += 1
        wait = min(delay(self._failures, seed=self._url), self._settings.resend_seconds)
        self._due = self._clock.monotonic() + wait
        self._count(self.name, Fate.RETRIED)

    async def _post(self, body: Sequence[object]) -> str:
        """Post, and return what went wrong; empty if nothing did."""
        headers = {"content-type": "application/json"}
        token_file = self._settings.bearer_token_file
        try:
            if token_file is not None:
                token = await asyncio.to_thread(read_small, token_file)
                headers["authorization"] = f"Bearer {token}"
            answer = await self._http.post(
                self._url,
                headers=headers,
                body=json.dumps(body).encode(),
                timeout_seconds=self._settings.timeout_seconds,
            )
        except (NoAnswerError, UnreadableError) as error:
            return str(error)
        return "" if answer.is_good else answer.said
