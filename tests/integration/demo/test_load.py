"""The load generator, against a real model server and a real place for labels."""

from __future__ import annotations

import asyncio

import pytest

from aiohttp import web

from shadowmon.demo.crew import Heard, listen
from shadowmon.demo.digits import load_digits, split
from shadowmon.demo.load import Crowd, LoadPlan


@pytest.fixture
async def labels():
    """Give a place that takes labels: (address, what came)."""
    taken: list[list[dict[str, str]]] = []

    async def take(request):
        batch = await request.json()
        if not taken:
            taken.append([])
            raise web.HTTPServiceUnavailable
        taken.append(batch)
        return web.json_response({"accepted": len(batch)})

    app = web.Application()
    app.add_routes([web.post("/api/v1/labels", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", taken
    await runner.cleanup()


async def run_load(processes, *arguments, requests):
    """Run the generator until so many requests are told; return all that it told."""
    users = await processes.start(
        "users", ["-m", "shadowmon.demo.load", "--rate", "200", *arguments], piped=True
    )
    heard = Heard()
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(users, heard))
        async with asyncio.timeout(20):
            while len(heard.asked) < requests:
                await asyncio.sleep(0.02)
        await processes.stop(users)
    return heard


async def test_what_users_got_is_told_and_summed(processes, server):
    """Every request is one line with the version that answered and whether it was right."""
    heard = await run_load(processes, "--target", server, "--seed", "1", requests=100)

    right = sum(each.correct for each in heard.asked) / len(heard.asked)
    assert {each.version for each in heard.asked} == {"int8"}
    assert right > 0.9
    assert heard.ended is not None
    assert (heard.ended.asked, heard.ended.errors) == (len(heard.asked), 0)


async def test_rate_is_kept(processes, server):
    """Requests are sent on a timetable: 200 a second is 5 ms apart."""
    heard = await run_load(processes, "--target", server, "--seed", "1", requests=200)

    sent = [each.sent_at for each in heard.in_order()]
    assert (sent[-1] - sent[0]) / (len(sent) - 1) == pytest.approx(1 / 200, rel=0.1)


async def test_every_truth_is_posted_even_if_a_post_fails(processes, server, labels):
    """The labels of all requests arrive, with the ids that the requests carried."""
    address, taken = labels

    heard = await run_load(
        processes, "--target", server, "--labels", address, "--seed", "7", requests=150
    )

    posted = {each["exchange_id"]: each["label"] for batch in taken for each in batch}
    plan = LoadPlan(target="", labels="", seed=7, users=20_000, rate_per_second=200)
    crowd = Crowd(split(load_digits(), seed=7).traffic, plan)
    wanted = [crowd.question() for _ in heard.asked]
    assert posted == {each.exchange_id: each.truth for each in wanted}
    assert heard.ended is not None
    assert (heard.ended.labels_posted, heard.ended.labels_lost) == (len(heard.asked), 0)


async def test_server_that_is_gone_is_an_error_of_every_user(processes, free_port):
    """A user without an answer is an error, and the generator goes on."""
    heard = await run_load(processes, "--target", f"http://127.0.0.1:{free_port()}", requests=20)

    assert heard.sums().errors == len(heard.asked)
    assert all("Cannot connect" in each.problem for each in heard.asked)
