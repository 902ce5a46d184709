"""A side by side before the shadow, with a daemon that is killed at any moment of it."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import numpy as np
import pytest

from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from tests.daemons import Daemon, Model, Users, a_configuration, running
from tests.recordings import a_line


NEXT = "/api/v1/trials/int8/review/next?reviewer=ada"
PREFER = "/api/v1/trials/int8/preferences"


async def vote(daemon: Daemon) -> str:
    """Compare one task as a reviewer does; return the task that was surely taken."""
    task = (await daemon.get(NEXT))["task"]
    if task is None:
        return ""
    said = {"task": task["id"], "reviewer": "ada", "choice": "tie"}
    status, _ = await daemon.post(PREFER, said)
    return task["id"] if status == 200 else ""


async def voting(daemon: Daemon, taken: list[str], seconds: float) -> None:
    """Compare for some seconds, or until there is nothing to compare; then kill the daemon."""
    killed = asyncio.get_running_loop().call_later(seconds, daemon.kill)
    with contextlib.suppress(aiohttp.ClientError, AssertionError, TimeoutError):
        while True:
            taken.append(await vote(daemon))
            await asyncio.sleep(0)
    killed.cancel()
    daemon.kill()


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
async def test_kill_9_in_the_side_by_side(tmp_path, kills):
    """What a reviewer was told is taken is counted once, and the phase goes on where it was."""
    moments = np.random.default_rng(7).uniform(0.02, 0.4, kills)
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_bytes(b"".join(a_line(id=f"q-{number}") for number in range(4000)))
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["rollout"]["side_by_side"] = "require"
        review = {"pairs": str(pairs), "preferences": 2000}
        settings["trials"]["int8"]["review"] = review
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        taken: list[str] = []
        for moment in moments:
            async with Users(daemon, rate=20).asking() as users:
                await asyncio.sleep(0.2)
            assert users.errors == []
            assert set(users.answered) == {"fp32"}
            await voting(daemon, taken, float(moment))
            daemon.start()
            await daemon.ready()

            trial = await daemon.trial("int8")
            assert trial["state"]["phase"] == "side_by_side"
            assert trial["state"]["applied_weight"]["percent"] == 0
            standing = (await daemon.get(NEXT))["standing"]
            sure = len([task for task in taken if task])
            assert sure <= standing["comparisons"] <= sure + kills, (sure, standing)
        status, answer = await daemon.post(
            "/api/v1/trials/int8/approve", {"operator": "ann", "reason": "enough"}
        )
        assert status == 200, answer
        assert (await daemon.trial("int8"))["state"]["phase"] == "shadowing"

    store = SqlStore(StoreSettings(path=tmp_path / "shadowmon.db"))
    await store.open()
    said = [each.task for each in (await store.load()).preferences]
    await store.close()
    assert len(said) == len(set(said))
    assert {task for task in taken if task} <= set(said)
