"""Answers made to break whoever reads them: each costs its own observation at most."""

from __future__ import annotations

import contextlib
import json

from dataclasses import dataclass

import aiohttp

from aiohttp import web

from tests.daemons import Model, Users, a_configuration, running


DEEP = "[" * 100_000 + "]" * 100_000
HOSTILE = (
    json.dumps("\ud800 half a pair"),
    json.dumps("\x00 nothing \x00"),
    json.dumps("\u202e right to left \u2066 and never back"),
    json.dumps("e" + "\u0301" * 50_000),
    json.dumps("x" * 10_000_000),
    DEEP,
    '{"a": 1e999999, "b": ' + "9" * 100_000 + "}",
    "NaN",
)


@dataclass
class Hostile(Model):
    """Answers in the protocol's form, with what no reader expects in the place of the label."""

    async def infer(self, request: web.Request) -> web.StreamResponse:
        """Take them in turn."""
        await request.read()
        self.asked += 1
        said = HOSTILE[self.asked % len(HOSTILE)]
        body = (
            '{"model_name": "digits", "model_version": "int8", "outputs": [{"name": "label",'
            f' "datatype": "BYTES", "shape": [1], "data": [{said}]}}]}}'
        )
        return web.Response(body=body.encode("utf-8", "surrogatepass"))


async def test_hostile_answers_cost_their_own_observation_at_most(tmp_path):
    """Every pair is counted, no process of ours dies of one, and a scrape still answers."""
    models = [Model("fp32"), Hostile("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        settings = a_configuration(models)
        settings["models"]["int8"]["timeout_seconds"] = 20.0
        settings["trials"]["int8"] |= {"scorers": ["label", "text", "fields", "safety"]}
        policy = settings["trials"]["int8"]["policy"]
        policy |= {"red_lines": [], "acceptable": 0.66}  # so that it goes on being asked
        settings["trials"]["int8"]["rollout"] = {"climb": False}
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        users = await stack.enter_async_context(Users(daemon, rate=10).asking())

        async def all_came() -> bool:
            return models[1].asked >= 2 * len(HOSTILE) and (await counted(daemon)) >= len(HOSTILE)

        await daemon.until(all_came)
        text = await scraped(daemon)

    assert users.errors == []
    assert "shadowmon_build_info" in text
    lost = [line for line in text.splitlines() if line.startswith("shadowmon_pairs_set_aside")]
    assert all(float(line.rsplit(" ", 1)[1]) == 0 for line in lost), lost


async def scraped(daemon) -> str:
    url = f"http://{daemon.settings['console']['listen']}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


async def counted(daemon) -> float:
    lines = [
        line
        for line in (await scraped(daemon)).splitlines()
        if line.startswith(("shadowmon_pairs_total{", "shadowmon_unscorable_total{"))
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
