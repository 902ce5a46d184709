"""What the story reads of the daemon, from a real console over a desk that is a list."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from aiohttp import web

from shadowmon.console import shapes
from shadowmon.demo import daemon_api
from shadowmon.demo.daemon_api import DaemonApi
from shadowmon.records import Entry, EntryKind, TrialId
from shadowmon.store.store import Row


def a_row(number):
    """Return a journal row."""
    entry = Entry(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        trial_id=TrialId("int8"),
        kind=EntryKind.WEIGHT_APPLIED,
        sentence=f"line {number}",
        data={"weight": 100},
    )
    return Row(number=number, entry=entry, previous_hash="0" * 64, hash="1" * 64)


@pytest.fixture
async def daemon():
    """Give the address of a daemon with a journal that the test may write to."""
    told = SimpleNamespace(rows=[], ready=False, address="")

    async def journal(request):
        before = int(request.query.get("before", 2**53))
        limit = int(request.query["limit"])
        newest_first = [row for row in reversed(told.rows) if row.number < before]
        return web.json_response(shapes.journal(newest_first[:limit]))

    async def ready(_):
        return web.Response(status=200 if told.ready else 503)

    app = web.Application()
    app.add_routes([web.get("/api/v1/journal", journal), web.get("/-/ready", ready)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.address = "{}:{}".format(*runner.addresses[0][:2])
    yield told
    await runner.cleanup()


async def test_every_line_is_read_once_and_in_order(session, daemon, monkeypatch):
    """However many lines came since the last call, none is missed and none comes twice."""
    monkeypatch.setattr(daemon_api, "PAGE", 3)
    api = DaemonApi(session, daemon.address)
    read = []

    for count in (0, 1, 8, 0, 3, 6):
        start = len(daemon.rows)
        daemon.rows += [a_row(start + n + 1) for n in range(count)]
        new = await api.new_lines()
        assert [line.number for line in new] == [row.number for row in daemon.rows[start:]]
        read += new

    assert read[-1].sentence == "line 18"
    assert (read[0].trial, read[0].kind, read[0].data) == (
        "int8",
        "weight_applied",
        {"weight": 100},
    )


async def test_daemon_that_is_not_ready_is_waited_for(session, daemon):
    """503 is not ready, 200 is, and no answer at all is not."""
    api = DaemonApi(session, daemon.address)

    assert not await api.is_ready()
    daemon.ready = True
    assert await api.is_ready()
    assert not await DaemonApi(session, "127.0.0.1:1").is_ready()
