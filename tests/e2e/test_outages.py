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
