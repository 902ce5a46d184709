"""A receiver of messages that is down: no roll-back waits for it, and it misses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json

from datetime import datetime

import pytest

from aiohttp import web
from aiohttp.test_utils import TestServer

from shadowmon.notify.settings import Topic
from tests.daemons import Model, Users, a_configuration, running


SOON_SECONDS = 1.0


class Receiver:
    """Takes messages, or refuses them, or never answers."""

    def __init__(self, manner: str) -> None:
        self.manner = manner
        self.tries = 0
        self.taken: list[tuple[str, str, str]] = []
        """(id, topic, sentence) of every message that it said it took."""

    async def take(self, request: web.Request) -> web.Response:
        """Answer in today's manner."""
        told = json.loads(await request.read())
        self.tries += 1
        if self.manner == "hangs":
            await asyncio.sleep(3600)
        if self.manner == "refuses":
            return web.Response(status=503)
        name = request.headers["webhook-id"]
        topic = told["type"].removeprefix("shadowmon.")
        self.taken.append((name, topic, told["data"]["sentence"]))
        return web.Response()

    @contextlib.asynccontextmanager
    async def serving(self):
        """Serve for as long as the block takes."""
        app = web.Application()
        app.router.add_post("/", self.take)
        async with TestServer(app) as server:
            yield str(server.make_url("/"))


@pytest.mark.parametrize("manner", ["refuses", "hangs"])
async def test_a_roll_back_does_not_wait_for_a_receiver_that_is_down(manner, tmp_path):
    """It is done at once; back again, the receiver is told each entry, none under two ids."""
    models = [Model("fp32"), Model("int8")]
    receiver = Receiver(manner)
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        url = await stack.enter_async_context(receiver.serving())
        webhook = {"url": url, "timeout_seconds": 1.0}
        settings = a_configuration(models, notify={"webhooks": {"cd": webhook}})
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        await stack.enter_async_context(Users(daemon).asking())

        async def holds_weight_and_cannot_tell() -> bool:
            trial = await daemon.trial("int8")
            return bool(trial["applied_weight"]["basis_points"]) and receiver.tries > 0

        async def is_rolled_back() -> bool:
            trial = await daemon.trial("int8")
            return trial["phase"] == "rolled_back" and not trial["applied_weight"]["basis_points"]

        await daemon.until(holds_weight_and_cannot_tell)
        models[1].behaviour = "wrong"
        await daemon.until(is_rolled_back)
        assert receiver.taken == []
        journal = await daemon.journal()
        applied_index, applied = _last(journal, "weight_applied")
        _, decided = _last(journal[:applied_index], "verdict")
        assert 0 <= (applied - decided).total_seconds() <= SOON_SECONDS

        receiver.manner = "takes"

        async def knows_of_it() -> bool:
            return any(topic == Topic.ROLLED_BACK for _, topic, _ in receiver.taken)

        await daemon.until(knows_of_it)

    entered = [each["sentence"] for each in journal if each["kind"] == "stage_entered"]
    told = [sentence for _, topic, sentence in receiver.taken if topic.startswith("rollout.")]
    assert list(dict.fromkeys(each for each in told if each in entered)) == entered
    ids = {sentence: {n for n, _, s in receiver.taken if s == sentence} for sentence in entered}
    assert all(len(each) == 1 for each in ids.values()), ids


def _last(journal, kind):
    """Return where the last entry of a kind is, and its moment."""
    return [
        (index, datetime.fromisoformat(each["at"]))
        for index, each in enumerate(journal)
        if each["kind"] == kind
    ][-1]
