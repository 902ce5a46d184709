"""
One receiver of messages: how it is told, and what its answer means.

Rule 1: an address and a secret are read from their files for each message: to exchange one needs no
        restart.
Rule 2: an answer that says that this very message will never be taken ends it; every other failure
        may be over the next time, a wrong token included.
"""

from __future__ import annotations

import asyncio

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from shadowmon.notify import bodies
from shadowmon.notify.news import News
from shadowmon.notify.settings import Body, SlackReceiver, Topic, WebhookReceiver
from shadowmon.outbound.client import HttpAnswer, HttpClient, NoAnswerError
from shadowmon.outbound.files import UnreadableError, read_small
from shadowmon.outbound.signature import parse_secret, signed


_NEVER = frozenset((400, 410, 413, 415, 422))
"""Statuses of a message that would be refused for ever (RFC 9110, section 15.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try went."""

    problem: str = ""
    """Empty: it was taken."""
    for_ever: bool = False
    """Will it never be taken?"""
    retry_after_seconds: float | None = None


class Receiver(Protocol):
    """Whoever is told."""

    name: str

    def wants(self, topic: Topic) -> bool:
        """Say whether it is told of such things at all."""
        ...

    async def tell(self, news: News, now: datetime) -> Outcome:
        """Try once; whatever goes wrong is in the outcome."""
        ...


class Webhook:
    """A program."""

    def __init__(self, name: str, settings: WebhookReceiver, http: HttpClient) -> None:
        self.name = f"webhooks.{name}"
        self._settings = settings
        self._http = http

    def wants(self, topic: Topic) -> bool:
        """See `Receiver.wants`."""
        return not self._settings.topics or topic in self._settings.topics

    async def tell(self, news: News, now: datetime) -> Outcome:
        """See `Receiver.tell`."""
        try:
            told = await asyncio.to_thread(_addressed, self._settings)
            secrets = await asyncio.to_thread(_secrets, self._settings.secret_files)
        except UnreadableError as error:
            return Outcome(problem=str(error))
        standard = self._settings.body is Body.STANDARD
        body = bodies.standard(news) if standard else bodies.cloud_event(news)
        kind = "application/json" if standard else "application/cloudevents+json"
        headers = {"content-type": kind, "webhook-id": news.message_id}
        if told.token:
            headers["authorization"] = f"Bearer {told.token}"
        if secrets:
            headers |= signed(
                secrets, message_id=news.message_id, timestamp=int(now.timestamp()), body=body
            )
        return await _post(self._http, told.url, headers, body, self._settings.timeout_seconds)


class Slack:
    """A channel."""

    def __init__(self, name: str, settings: SlackReceiver, http: HttpClient) -> None:
        self.name = f"slack.{name}"
        self._settings = settings
        self._http = http

    def wants(self, topic: Topic) -> bool:
        """See `Receiver.wants`."""
        return not self._settings.topics or topic in self._settings.topics

    async def tell(self, news: News, now: datetime) -> Outcome:
        """See `Receiver.tell`."""
        del now
        try:
            told = await asyncio.to_thread(_addressed, self._settings)
        except UnreadableError as error:
            return Outcome(problem=str(error))
        headers, body = {"content-type": "application/json"}, bodies.slack(news)
        return await _post(self._http, told.url, headers, body, self._settings.timeout_seconds)


# --- the answer ---


async def _post(
    http: HttpClient, url: str, headers: dict[str, str], body: bytes, timeout_seconds: float
) -> Outcome:
    try:
        answer = await http.post(url, headers=headers, body=body, timeout_seconds=timeout_seconds)
    except NoAnswerError as error:
        return Outcome(problem=str(error))
    return outcome(answer)


def outcome(answer: HttpAnswer) -> Outcome:
    """Read an answer."""
    if answer.is_good:
        return Outcome()
    return Outcome(
        problem=answer.said,
        for_ever=answer.status in _NEVER,
        retry_after_seconds=_seconds(answer.headers.get("retry-after", "")),
    )


def _seconds(text: str) -> float | None:
    """Read Retry-After in seconds; a date is passed over, for our clocks may differ."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None  # noqa: PLR2004 - a week or so


# --- files ---


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    url: str
    token: str


def _addressed(settings: WebhookReceiver | SlackReceiver) -> _Told:
    url = settings.url or (read_small(settings.url_file) if settings.url_file else "")
    token_file = settings.bearer_token_file if isinstance(settings, WebhookReceiver) else None
    return _Told(url=url, token=read_small(token_file) if token_file else "")


def _secrets(paths: tuple[Path, ...]) -> list[bytes]:
    found = []
    for path in paths:
        try:
            found.append(parse_secret(read_small(path)))
        except ValueError as error:
            msg = f"the secret in {path} {error}"
            raise UnreadableError(msg) from None
    return found
