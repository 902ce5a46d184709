"""Killed at any moment, told to read its configuration again, or started twice."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys

import aiohttp
import numpy as np
import pytest
import yaml

from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from tests.daemons import Daemon, Model, Users, a_configuration, running


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_kill_9_at_any_moment_loses_nothing_that_was_shown(tmp_path, kills):
    """The stage is the last committed one, the chain is whole, counts never fall nor double."""
    moments = np.random.default_rng(6).uniform(0.1, 2.0, kills)
    models = [Model("fp32"), Model("int8"), Model("int2", behaviour="wrong")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))
        users = Users(daemon, rate=80)
        await stack.enter_async_context(users.asking())

        for moment in moments:
            seen = await watched(daemon, float(moment))
            daemon.kill()
            entries = await verified(daemon)
            daemon.start()
            await daemon.ready()
            found = await state(daemon)
            assert entries >= seen["entries"]
            for name, was in seen["trials"].items():
                now = found["trials"][name]
                assert now["stage"] >= was["stage"], (name, was, now)
                assert now["pairs"] >= was["pairs"], (name, was, now)
                assert now["pairs"] <= users._sent, (name, now)
                if was["phase"] == "rolled_back":
                    assert now["phase"] == "rolled_back"

        async def over() -> bool:
            trials = (await state(daemon))["trials"]
            return (trials["int8"]["phase"], trials["int2"]["phase"]) == ("promoted", "rolled_back")

        await daemon.until(over)
        users.rate = 20

    assert await verified(daemon) > 0


async def state(daemon: Daemon):
    """Return what the daemon shows: per trial its stage, phase and pairs; the journal's length."""
    trials = (await daemon.get("/api/v1/trials"))["trials"]
    (newest,) = (await daemon.get("/api/v1/journal?limit=1"))["entries"]
    return {
        "entries": newest["number"],
        "trials": {
            trial["id"]: {
                "stage": trial["state"]["stage_count"],
                "phase": trial["state"]["phase"],
                "pairs": trial["pairs"],
            }
            for trial in trials
        },
    }


async def watched(daemon: Daemon, seconds: float):
    """Look again and again for some seconds; return what was shown last."""
    until = asyncio.get_running_loop().time() + seconds
    seen = await state(daemon)
    while asyncio.get_running_loop().time() < until:
        seen = await state(daemon)
        await asyncio.sleep(0.02)
    return seen


async def verified(daemon: Daemon) -> int:
    """Walk the hash chain of a daemon that is down; return its length."""
    store = SqlStore(StoreSettings(path=daemon.folder / "shadowmon.db"))
    await store.open()
    try:
        return await store.verify()
    finally:
        await store.close()


async def test_a_reload_is_whole_or_not_at_all_and_costs_users_nothing(tmp_path):
    """A bad file changes nothing and is told; a good one takes effect; no request is lost."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["rollout"]["climb"] = False
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=60).asking() as users:
            daemon.settings["trials"]["int8"]["tusk"] = "chat"
            daemon.write()
            status, answer = await daemon.post("/-/reload", {})
            assert status == 422, answer
            assert "trials.int8.tusk" in str(answer)

            async def refused() -> bool:
                metrics = await daemon.get("/metrics")
                return "shadowmon_config_last_reload_successful 0.0" in metrics

            await daemon.until(refused)

            del daemon.settings["trials"]["int8"]["tusk"]
            daemon.settings["trials"]["int8"]["policy"]["acceptable"] = 0.03
            daemon.write()
            assert (await daemon.post("/-/reload", {}))[0] < 300

            async def taken_up() -> bool:
                with contextlib.suppress(AssertionError, OSError, asyncio.TimeoutError):
                    (quality,) = [
                        figure
                        for figure in (await daemon.trial("int8"))["figures"]
                        if figure["metric"] == "disagreement"
                    ]
                    return bool(quality["acceptable"] == 0.03)
                return False

            await daemon.until(taken_up)

            elsewhere = daemon.settings | {"console": {"listen": "127.0.0.1:1"}}
            daemon.path.write_text(yaml.safe_dump(elsewhere))
            status, answer = await daemon.post("/-/reload", {})
            assert status == 422
            assert "console.listen" in str(answer)

    assert users.errors == []


async def test_a_second_daemon_on_the_same_store_refuses_at_once(tmp_path):
    """Two deciders would double the error rate; the second says who was first."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))
        assert daemon.process

        second = subprocess.run(
            [sys.executable, "-m", "shadowmon", "run", "--config", str(daemon.path)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert second.returncode == 2
    assert f"another shadowmon has it (process {daemon.process.pid})" in second.stderr


async def test_sigterm_finishes_what_is_under_way_and_exits_0(tmp_path):
    """Users first: an answer that has begun is finished; weights are left as they are."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))
        users = Users(daemon)
        models[0].behaviour = "late"
        async with aiohttp.ClientSession() as session:
            asking = asyncio.ensure_future(users.ask(session, 1))
            await asyncio.sleep(0.3)
            assert daemon.process
            daemon.process.send_signal(signal.SIGTERM)
            await asking
        code = await asyncio.to_thread(daemon.stop)

    assert users.errors == []
    assert code == 0
