"""Differential fuzz: what comes out behind the proxy is read alike by h11 and llhttp."""

from __future__ import annotations

import socket

import pytest

from benchmarks import proxy_ours
from shadowmon.proxy.forms import OFTEN
from tests.hazards.fuzz import fuzz
from tests.hazards.judges import agree, by_h11, by_llhttp
from tests.hazards.mutants import GOOD, SMUGGLED, USUAL, mutants
from tests.hazards.stage import a_stage, with_fields


MUTANTS = 300


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_that_is_forwarded_can_be_read_in_two_ways(seed, tmp_path):
    """Of 300 mutated requests none reaches a model server in a form that two readers differ on."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as listening,
        proxy_ours.shadowmon_proxy(
            tmp_path, listening.getsockname()[1], cpu=None, settings=proxy_ours.impatient()
        ) as proxy,
    ):
        async with a_stage(proxy.port, listening) as stage:
            outcome = await fuzz(stage, mutants(seed, MUTANTS))

    assert outcome.sent == MUTANTS
    assert outcome.forwarded > MUTANTS / 10
    assert outcome.disagreements == ()


async def test_what_is_known_by_heart_lets_nothing_else_in(tmp_path):
    """A request that nearly is the usual one, on a connection that sent the usual one before."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as listening,
        proxy_ours.shadowmon_proxy(
            tmp_path, listening.getsockname()[1], cpu=None, settings=proxy_ours.impatient()
        ) as proxy,
    ):
        async with a_stage(proxy.port, listening) as stage:
            user = await stage.user()
            for _ in range(2 * OFTEN):
                assert (await user.ask(USUAL)).status == 200
            nearly = mutants(4, MUTANTS, of=[USUAL])
            outcome = await fuzz(stage, nearly, behind=USUAL)

    assert outcome.forwarded > MUTANTS + MUTANTS / 10
    assert outcome.disagreements == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        with_fields(b"Content-Length: 2", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    ],
    ids=["a length twice", "a length beside chunks"],
)
def test_the_judges_can_disagree(raw):
    """There are requests that the judges see differently, so that agreeing says something."""
    assert not agree(raw)


@pytest.mark.parametrize("request_", GOOD)
def test_the_judges_agree_on_what_is_right(request_):
    """A good request, and the one behind it, are the same to both."""
    raw = request_.replace(b"Connection: keep-alive\r\n", b"").replace(b"HTTP/1.0", b"HTTP/1.1")
    reading = by_h11(raw + SMUGGLED)

    assert reading == by_llhttp(raw + SMUGGLED)
    assert reading.whole[-1].target == b"/smuggled"
