"""Small makers of records: a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shadowmon.records import (
    EVERYTHING,
    Answer,
    Entry,
    EntryKind,
    Exchange,
    ExchangeId,
    ModelName,
    Outcome,
    Pair,
    Reply,
    RouteName,
    TrialId,
)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_reply(text: str | None = "hello", **changes: Any) -> Reply:
    """Return a good reply with this text; any field may be named."""
    reply = Reply(
        model=ModelName("base"),
        outcome=Outcome.OK,
        status=200,
        answer=Answer(text=text),
        duration_seconds=0.1,
    )
    return replace(reply, **changes)


def a_pair(baseline: Reply | None = None, optimized: Reply | None = None, **changes: Any) -> Pair:
    """Return a pair of good replies; any field may be named."""
    pair = Pair(
        trial_id=TrialId("int8"),
        epoch=1,
        stage=1,
        exchange_id=ExchangeId("x-1"),
        baseline=baseline or a_reply(),
        optimized=optimized or a_reply(model=ModelName("int8")),
        slices=frozenset({EVERYTHING}),
        received_at=NOON,
    )
    return replace(pair, **changes)


def an_exchange(body: bytes = b"", **changes: Any) -> Exchange:
    """Return an exchange that nobody answered yet; any field may be named."""
    exchange = Exchange(
        id=ExchangeId("x-1"),
        route=RouteName("chat"),
        source="proxy",
        method="POST",
        target="/v1/chat/completions",
        body=body,
        received_at=NOON,
    )
    return replace(exchange, **changes)


def an_entry(sentence: str = "It holds.", **changes: Any) -> Entry:
    """Return a journal entry of a verdict; any field may be named."""
    entry = Entry(at=NOON, trial_id=TrialId("int8"), kind=EntryKind.VERDICT, sentence=sentence)
    return replace(entry, **changes)
