"""Pinned users, added ids: what a plan says, as it is seen on the wire."""

from __future__ import annotations

import re
import uuid

from shadowmon.ipc.board import Count, TrialCell
from shadowmon.proxy.plan import PlannedPins
from tests.integration.proxy.rig import OK, answering


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHOOSING = (
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Shadowmon-Arm: optimized\r\n"
    b"X-Shadowmon-Arm-Token: secret\r\nX: y\r\n\r\n"
)
PINS = PlannedPins(header_token="secret")
BROKEN = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"


async def test_a_request_chooses_and_its_token_stays_here(rig):
    """Neither a model server nor whoever scores the exchange ever sees the token."""
    proxy = await rig(pins=PINS)
    proxy.board.set_trial(0, TrialCell.ACTIVE, 1)

    await proxy.ask(CHOOSING)

    ((head, _),) = proxy.int8.requests
    assert head == b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
    exchange = await proxy.exchange()
    assert exchange.served.model == "int8"
    assert [name for name, _ in exchange.headers] == ["host", "x"]
    assert proxy.board.slot(0).served(0) == 1


async def test_a_choice_ends_with_the_roll_back(rig):
    """A trial that is active no more serves nobody, whatever a request asks for."""
    proxy = await rig(pins=PINS)
    proxy.board.set_trial(0, TrialCell.ACTIVE, 0)

    await proxy.ask(CHOOSING)

    assert proxy.int8.requests == []


async def test_a_pinned_users_failure_falls_back_as_any_other(rig):
    """It is told as the optimized model's, and counted."""
    proxy = await rig(pins=PINS, int8=answering(BROKEN))
    proxy.board.set_trial(0, TrialCell.ACTIVE, 1)

    assert (await proxy.ask(CHOOSING)).raw == OK
    exchange = await proxy.exchange()
    assert (exchange.failed_first.model, exchange.failed_first.status) == ("int8", 503)
    assert proxy.count(Count.FELL_BACK) == 1


async def test_without_a_token_the_fields_are_the_users_own(rig):
    """They pass as they came."""
    proxy = await rig()

    await proxy.ask(CHOOSING)

    assert proxy.base.requests == [(CHOOSING, b"")]


async def test_an_id_and_a_trace_are_added_when_asked_for(rig):
    """Behind all that came; the exchange is known by the same id."""
    proxy = await rig(add_request_id=True, add_trace_context=True)

    await proxy.ask(GET)

    ((head, _),) = proxy.base.requests
    found = re.fullmatch(
        rb"GET / HTTP/1.1\r\nHost: a\r\nx-request-id: (.*)\r\n"
        rb"traceparent: 00-.{32}-.{16}-01\r\n\r\n",
        head,
    )
    assert found
    assert uuid.UUID(found[1].decode()).version == 4
    assert (await proxy.exchange()).id == found[1].decode()


async def test_an_id_and_a_trace_that_came_are_kept(rig):
    """What the user sent passes as it came, also with the options on, and with a body."""
    proxy = await rig(add_request_id=True, add_trace_context=True)
    request = (
        b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nTraceparent: 00-1-2-00\r\n"
        b"Content-Length: 4\r\n\r\n"
    )
    client = await proxy.client()

    await client.say(request)
    await client.ask(b"body")

    assert proxy.base.raw == request + b"body"
