"""Alertmanagers are told what fires, again and again, and that it is over."""

from __future__ import annotations

import json

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from aiohttp import web

from shadowmon.notify.alertmanager import Alertmanager
from shadowmon.notify.settings import AlertmanagerSettings
from shadowmon.outbound.client import HttpClient
from shadowmon.outbound.reach import Reach
from shadowmon.records import Phase
from shadowmon.telemetry.tallies import Tallies
from tests.factories import NOON
from tests.inboxes import Inbox, QuickClock
from tests.views import a_trial_view, a_view


COUNTED = "notifications_total"
FINE = a_view()
STORE_DOWN = a_view(store_problem="the disk is full")


def rolled_back():
    """Return the picture of a trial that was rolled back."""
    trial = a_trial_view()
    return a_view(replace(trial, state=replace(trial.state, phase=Phase.ROLLED_BACK)))


class Stage:
    """One Alertmanager, what it is told, and what there is to see."""

    def __init__(self, inbox, http, **settings) -> None:
        self.inbox, self.view, self.clock = inbox, FINE, QuickClock()
        self.tallies = Tallies()
        self.manager = Alertmanager(
            "alertmanager.a",
            inbox.url,
            AlertmanagerSettings(urls=(inbox.url,), labels={"cluster": "eu"}, **settings),
            http,
            self.clock,
            view=lambda: self.view,
            count=partial(self.tallies.add, COUNTED),
        )

    async def pass_time(self, seconds: int) -> None:
        """Look once a second."""
        for _ in range(seconds):
            await self.manager.look()
            self.clock.seconds += 1

    def told(self):
        """Return every list of alerts that was taken."""
        return [json.loads(body) for _, body in self.inbox.taken]


@pytest.fixture
async def stage():
    """A stage before a real server."""
    async with Inbox().open() as inbox, HttpClient(reach=Reach()) as http:
        yield Stage(inbox, http)


def ends(alert):
    """Return seconds from noon to an alert's end."""
    return (datetime.fromisoformat(alert["endsAt"]) - NOON) / timedelta(seconds=1)


async def test_nothing_fires(stage):
    """While nothing fires nobody is asked anything."""
    await stage.pass_time(300)

    assert stage.inbox.came == []


async def test_it_is_told_at_once_and_again(stage):
    """What fires is told within a second, then every minute, each time with a later end."""
    stage.view = rolled_back()
    await stage.pass_time(121)

    assert [path for path, _, _ in stage.inbox.came] == ["/api/v2/alerts"] * 3
    assert [ends(alert) for (alert,) in stage.told()] == [240, 300, 360]
    (alert,) = stage.told()[0]
    assert alert["labels"]["alertname"] == "ShadowmonAwaitsReArm"
    assert alert["labels"]["cluster"] == "eu"
    assert len({json.dumps([one["labels"], one["startsAt"]]) for (one,) in stage.told()}) == 1


async def test_how_often_it_is_told_again():
    """Every `resend_seconds`, with an end four times as far away."""
    async with Inbox().open() as inbox, HttpClient(reach=Reach()) as http:
        stage = Stage(inbox, http, resend_seconds=10)
        stage.view = rolled_back()
        await stage.pass_time(21)

    assert [ends(alert) for (alert,) in stage.told()] == [40, 50, 60]


async def test_it_is_resolved(stage):
    """What is over is told once with an end of now, and then no more."""
    stage.view = STORE_DOWN
    await stage.pass_time(10)
    stage.view = FINE
    await stage.pass_time(200)

    ((first,), (last,)) = stage.told()
    assert first["labels"] == last["labels"]
    assert first["startsAt"] == last["startsAt"]
    assert ends(last) == 10


async def test_a_second_one_is_told_at_once(stage):
    """Another alert does not wait for the minute of the first."""
    stage.view = STORE_DOWN
    await stage.pass_time(5)
    stage.view = replace(rolled_back(), store_problem="the disk is full")
    await stage.pass_time(1)

    assert [len(alerts) for alerts in stage.told()] == [1, 2]


async def test_one_that_is_down(stage):
    """An Alertmanager that fails is asked ever less often, and told once it is back."""
    stage.inbox.answer = lambda: web.Response(status=200 if stage.clock.seconds > 300 else 500)
    stage.view = rolled_back()
    await stage.pass_time(400)

    tries = len(stage.inbox.came)
    assert tries < 20
    assert stage.told()
    assert stage.tallies.total(COUNTED, "alertmanager.a", "retried") == tries - len(stage.told())
    assert stage.tallies.total(COUNTED, "alertmanager.a", "delivered") == len(stage.told())


async def test_how_its_last_try_went(stage):
    """It is said of each by itself, until it takes what it is told."""
    assert stage.manager.problem == ""
    stage.inbox.answer = lambda: web.Response(status=500)
    stage.view = rolled_back()
    await stage.pass_time(1)
    failed = stage.manager.problem
    stage.inbox.answer = web.Response
    await stage.pass_time(60)

    assert "500" in failed
    assert stage.manager.problem == ""


async def test_what_ends_while_it_is_down_is_resolved(stage):
    """That it is over is told until it was heard."""
    stage.view = STORE_DOWN
    await stage.pass_time(5)
    stage.inbox.answer = lambda: web.Response(status=500)
    stage.view = FINE
    await stage.pass_time(100)
    stage.inbox.answer = web.Response
    await stage.pass_time(100)

    assert len(stage.told()) == 2
    assert stage.told()[1][0]["labels"] == stage.told()[0][0]["labels"]
