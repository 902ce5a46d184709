"""What a broken optimized model, or a broken part of the daemon, does to users: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from functools import partial

import pytest

from tests.daemons import Model, Users, a_configuration, running
from tests.stoppable import a_stoppable_model


FAULTS = ("hang", "error", "reset", "garbage", "slow", "gone")


async def test_no_fault_of_a_mirrored_model_reaches_a_user_and_each_is_journalled(tmp_path):
    """Six models, each broken in its own way, are rolled back; users see not one error."""
    models = [Model("fp32"), *(Model(fault, behaviour=fault) for fault in FAULTS)]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            if model.behaviour == "gone":
                async with model.serving():
                    pass  # it had a port, and has gone
            else:
                await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))

        async with Users(daemon, rate=60).asking() as users:

            async def all_rolled_back() -> bool:
                trials = (await daemon.get("/api/v1/trials"))["trials"]
                return all(trial["state"]["phase"] == "rolled_back" for trial in trials)

            await daemon.until(all_rolled_back)
        journal = await daemon.journal()

    assert users.errors == []
    assert users.wrong == 0
    assert users.answered.keys() == {"fp32"}
    for fault in FAULTS:
        reasons = [entry for entry in journal if entry["trial"] == fault]
        (verdict,) = [
            entry
            for entry in reasons
            if entry["kind"] == "verdict" and entry["data"]["decision"] == "roll_back"
        ]
        assert verdict["data"]["reasons"][0]["rule"] == "error_rate"
        assert verdict["data"]["reasons"][0]["counts"][1] > 0  # only the optimized model failed


async def test_killing_scoring_and_control_under_load_costs_users_nothing(tmp_path):
    """Both come back by themselves, are counted, and the evidence goes on where it was."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["rollout"]["climb"] = False
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=80).asking() as users:

            async def pairs() -> int:
                return int((await daemon.trial("int8"))["pairs"])

            async def more_pairs_than(before: int) -> bool:
                with contextlib.suppress(AssertionError, OSError, TimeoutError):
                    return await pairs() > before + 20
                return False

            await daemon.until(partial(more_pairs_than, 0))
            for name in ("scoring-0", "control", "scoring-0", "control"):
                before = await pairs()
                os.kill(daemon.child(name), signal.SIGKILL)
                await asyncio.sleep(0.3)
                await daemon.ready()
                assert await pairs() >= before
                await daemon.until(partial(more_pairs_than, before))
            metrics = await daemon.get("/metrics")
            sent = sum(users.answered.values())
            counted = await pairs()

    assert users.errors == []
    assert counted <= sent
    assert 'shadowmon_process_restarts_total{process="scoring"} 2.0' in metrics
    assert 'shadowmon_process_restarts_total{process="control"} 2.0' in metrics
    for process in ("scoring", "proxy"):
        assert f'shadowmon_workers_alive{{process="{process}"}} 1.0' in metrics


async def test_a_data_plane_worker_that_hangs_is_missed(tmp_path):
    """It has not ended, so nobody replaces it; but it shows no sign of life, and that is shown."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))

        async def alive(count: int) -> bool:
            return f'workers_alive{{process="proxy"}} {count}.0' in await daemon.get("/metrics")

        await daemon.until(partial(alive, 1))
        os.kill(daemon.child("proxy-0"), signal.SIGSTOP)
        try:
            await daemon.until(partial(alive, 0))
        finally:
            os.kill(daemon.child("proxy-0"), signal.SIGCONT)
        await daemon.until(partial(alive, 1))


async def test_a_data_plane_worker_that_is_killed_comes_back_on_the_same_socket(tmp_path):
    """What was under way in it is lost; whoever connects a moment later is served."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        daemon = await stack.enter_async_context(running(tmp_path, a_configuration(models)))
        os.kill(daemon.child("proxy-0"), signal.SIGKILL)

        async with Users(daemon, rate=50).asking() as users:

            async def served() -> bool:
                return sum(users.answered.values()) > 50

            await daemon.until(served)

    assert users.errors == []


@pytest.mark.parametrize("first", ["hang", "error", "reset", "gone"])
async def test_users_of_a_failing_optimized_model_are_served_by_the_baseline(tmp_path, first):
    """At full weight a model that fails before its first byte costs users no error."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models[:1]:
            await stack.enter_async_context(model.serving())
        inner = await stack.enter_async_context(contextlib.AsyncExitStack())
        await inner.enter_async_context(models[1].serving())
        settings = a_configuration(models)
        settings["proxy"]["first_byte_timeout_seconds"] = 1.0
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=100).asking() as users:

            async def promoted() -> bool:
                return bool((await daemon.trial("int8"))["state"]["phase"] == "promoted")

            async def rolled_back() -> bool:
                return bool((await daemon.trial("int8"))["state"]["phase"] == "rolled_back")

            await daemon.until(promoted)
            if first == "gone":
                await inner.aclose()
            else:
                models[1].behaviour = first
            await daemon.until(rolled_back)

    cut_in_the_middle = first == "reset"
    assert bool(users.errors) == cut_in_the_middle  # bytes were under way: no honest way back
    assert users.answered["int8"] > 0


@pytest.mark.parametrize("serves", [False, True], ids=["mirrored", "serving"])
async def test_an_optimized_model_that_is_stopped_is_nobodys_trouble(tmp_path, serves):
    """Its process keeps its connections and is silent: users are served, and it is rolled back."""
    async with contextlib.AsyncExitStack() as stack:
        base = await stack.enter_async_context(Model("fp32").serving())
        int8 = stack.enter_context(a_stoppable_model("int8"))
        settings = a_configuration([base, int8.model])
        settings["proxy"]["first_byte_timeout_seconds"] = 1.0
        settings["rollout"]["climb"] = serves
        daemon = await stack.enter_async_context(running(tmp_path, settings))

        async with Users(daemon, rate=100).asking() as users:

            async def stands_at(phase: str) -> bool:
                shown = await daemon.trial("int8")
                return bool(shown["pairs"] and shown["state"]["phase"] == phase)

            await daemon.until(partial(stands_at, "promoted" if serves else "shadowing"))
            int8.stop()
            await daemon.until(partial(stands_at, "rolled_back"))

    assert users.errors == []
    assert users.wrong == 0
    assert bool(users.answered["int8"]) == serves
