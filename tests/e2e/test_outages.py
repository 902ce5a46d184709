"""What a store that is down may hold up, and what it may not: nobody waits for it to be told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.daemons import Model, Users, a_configuration, running
from tests.inboxes import Inbox


ROLLED_BACK = "shadowmon.rollout.rolled_back"
AT_ONCE_SECONDS = 6.0
"""SQLite waits two seconds for whoever writes before it says that it cannot; then two looks."""


@contextlib.contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Let nobody else write a SQLite file for as long as the block takes."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def moment(message: dict[str, Any]) -> datetime:
    """Return when that of which a message tells was decided."""
    return datetime.fromisoformat(message["timestamp"])


def told(inbox: Inbox, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Return id and body of each message of a kind that the inbox took."""
    messages = [(headers["webhook-id"], json.loads(body)) for headers, body in inbox.taken]
    return [(name, body) for name, body in messages if body["type"] == kind]


async def test_a_roll_back_is_told_while_the_store_is_down(tmp_path: Path) -> None:
    """A red line takes the weight away and wakes a person; the journal hears of it afterwards."""
    baseline, optimized = Model("fp32"), Model("int8")
    async with baseline.serving(), optimized.serving(), Inbox().open() as inbox:
        settings = a_configuration([baseline, optimized])
        settings["notify"] = {"webhooks": {"cd": {"url": inbox.url}}}
        async with running(tmp_path, settings) as daemon, Users(daemon).asking() as users:

            async def has_weight() -> bool:
                return bool((await daemon.trial("int8"))["state"]["applied_weight"]["percent"])

            async def has_none_left() -> bool:
                return not (await daemon.trial("int8"))["state"]["applied_weight"]["percent"]

            await daemon.until(has_weight)
            with unwritable(tmp_path / "shadowmon.db"):
                optimized.behaviour = "wrong"
                await daemon.until(lambda: asyncio.sleep(0, told(inbox, ROLLED_BACK)))
                took = datetime.now(UTC) - moment(told(inbox, ROLLED_BACK)[0][1])
                await daemon.until(has_none_left)
                metrics = (await daemon.get("/metrics")).splitlines()

            async def is_journalled() -> bool:
                return any(each["data"].get("move") == "drop" for each in await daemon.journal())

            await daemon.until(is_journalled)
            optimized.behaviour = "good"  # or it would be rolled back a second time
            status, answer = await daemon.post(
                "/api/v1/trials/int8/re-arm", {"operator": "a test", "reason": "mended"}
            )
            assert status == 200, answer
            await daemon.until(lambda: asyncio.sleep(0, told(inbox, "shadowmon.rollout.re_armed")))

    assert took.total_seconds() < AT_ONCE_SECONDS
    assert "shadowmon_store_writable 0.0" in metrics
    ((_, message),) = told(inbox, ROLLED_BACK)
    assert message["data"]["entry"] is None
    assert max(Counter(headers["webhook-id"] for headers, _ in inbox.taken).values()) == 1
    assert users.errors == []


async def test_what_was_ordered_while_the_store_was_down_outlives_the_daemon(
    tmp_path: Path,
) -> None:
    """Killed before the journal had it, it comes back with no weight, and everything frozen."""
    baseline, optimized = Model("fp32"), Model("int8")
    by = {"operator": "a test", "reason": "incident 4711"}
    async with baseline.serving(), optimized.serving():
        settings = a_configuration([baseline, optimized])
        async with running(tmp_path, settings) as daemon, Users(daemon).asking() as users:

            async def has_weight() -> bool:
                return bool((await daemon.trial("int8"))["state"]["applied_weight"]["percent"])

            await daemon.until(has_weight)
            with unwritable(tmp_path / "shadowmon.db"):
                assert (await daemon.post("/api/v1/trials/int8/roll-back", by))[0] == 200
                assert (await daemon.post("/api/v1/freeze", by))[0] == 200
                daemon.kill()
            errors = list(users.errors)
            daemon.start()
            await daemon.ready()
            trial = await daemon.trial("int8")
            freeze = (await daemon.get("/api/v1/status"))["freeze"]
            said = [each["sentence"] for each in await daemon.journal()]

    assert errors == []
    assert trial["phase"] == "rolled_back"
    assert trial["applied_weight"]["percent"] == 0
    assert freeze["reason"] == "incident 4711"
    assert "a test asked to freeze everything: incident 4711" in said
    assert "rolled back to 0 % of route digits: a test: incident 4711" in said
