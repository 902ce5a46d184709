"""One endpoint, before servers that do everything wrong."""

from __future__ import annotations

import asyncio

import pytest

from aiohttp import web
from pydantic import SecretStr

from shadowmon.assessors.endpoint import Endpoint, Trouble, UnansweredError, read, written
from shadowmon.assessors.settings import EndpointSettings
from shadowmon.records import SHADOW_HEADER
from tests.integration.assessors.endpoints import HandClock, a_fake, status
from tests.integration.mirror.model_server import Connection, a_model_server


async def trouble_of(url, *, clock=None, **settings):
    """Ask once; return why there was no answer."""
    made = Endpoint(
        EndpointSettings(url=url, **settings), clock or HandClock(), answer_max_bytes=1000
    )
    async with made as endpoint:
        with pytest.raises(UnansweredError) as raised:
            await endpoint.post("/x", b"{}")
    return raised.value.trouble


async def test_what_is_sent():
    """The path is added to the prefix; the token, our headers and the shadow's mark go along."""
    async with a_fake(lambda _: {"is": "good"}) as fake:
        settings = EndpointSettings(
            url=fake.url, bearer_token=SecretStr("secret"), headers={"X-Team": "a"}
        )
        async with Endpoint(settings, HandClock()) as endpoint:
            body = await endpoint.post("/ask", written({"text": "good \ud800"}))

    (asked,) = fake.calls
    assert (asked.path, asked.body) == ("/v1/ask", {"text": "good ?"})
    assert asked.headers["authorization"] == "Bearer secret"
    assert (asked.headers["x-team"], asked.headers[SHADOW_HEADER]) == ("a", "1")
    assert read(body, dict[str, str]) == {"is": "good"}


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (400, Trouble.REFUSED),
        (401, Trouble.DENIED),
        (404, Trouble.BAD_ANSWER),
        (413, Trouble.REFUSED),
        (429, Trouble.BUSY),
        (500, Trouble.DOWN),
        (503, Trouble.DOWN),
    ],
)
async def test_status_is_a_word(number, trouble):
    """Each status that is no answer says why in one word."""
    async with a_fake(lambda _: status(number)) as fake:
        assert await trouble_of(fake.url) is trouble


async def test_no_redirect_is_followed():
    """A redirect would send texts and token elsewhere: it is a bad answer."""
    async with a_fake(lambda _: {}) as elsewhere:
        async with a_fake(lambda _: status(307, Location=elsewhere.url)) as fake:
            assert await trouble_of(fake.url) is Trouble.BAD_ANSWER
        assert elsewhere.calls == []


async def test_slow_answer_is_a_timeout():
    """An answer that takes too long is given up."""
    async with a_fake(lambda _: {}) as fake:
        fake.pause_seconds = 1
        assert await trouble_of(fake.url, timeout_seconds=0.05) is Trouble.TIMEOUT


async def test_long_answer_is_not_read_to_its_end():
    """An answer longer than the limit is bad, however much is to come."""
    async with a_fake(lambda _: web.Response(body=b"x" * 2000)) as fake:
        assert await trouble_of(fake.url) is Trouble.BAD_ANSWER


async def test_nobody_listens(free_port):
    """No connection means that the endpoint is down."""
    assert await trouble_of(f"http://127.0.0.1:{free_port()}") is Trouble.DOWN


async def test_what_is_not_http():
    """Bytes that are not HTTP are a bad answer."""

    async def babble(connection: Connection) -> None:
        await connection.send(b"hello there\r\n\r\n")
        connection.writer.close()

    async with a_model_server(babble) as server:
        assert await trouble_of(server.url) is Trouble.BAD_ANSWER


async def test_torn_answer():
    """A connection that is cut in the middle of an answer means that the endpoint is down."""

    async def tear(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        connection.writer.close()

    async with a_model_server(tear) as server:
        assert await trouble_of(server.url) is Trouble.DOWN


async def test_connection_that_is_closed_as_it_is_taken():
    """A call that meets a connection which the server had given up is made once more."""
    requests = 0

    async def close_the_second(connection: Connection) -> None:
        nonlocal requests
        requests += 1
        if requests == 2:
            connection.writer.close()
        else:
            await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async with (
        a_model_server(close_the_second) as server,
        Endpoint(EndpointSettings(url=server.url), HandClock()) as endpoint,
    ):
        assert [await endpoint.post("", b"{}") for _ in range(2)] == [b"{}"] * 2
    assert requests == 3


async def test_budget_of_a_minute_and_of_a_day():
    """Beyond the budget nothing is sent; a minute and a day later it may be again."""
    clock = HandClock()
    async with a_fake(lambda _: {}) as fake:
        settings = EndpointSettings(url=fake.url, calls_per_minute=2, calls_per_day=3)
        async with Endpoint(settings, clock) as endpoint:
            for _ in range(2):
                await endpoint.post("", b"{}")
            assert endpoint.trouble() is Trouble.BUDGET
            with pytest.raises(UnansweredError, match="budget"):
                await endpoint.post("", b"{}")
            clock.moved += 61
            await endpoint.post("", b"{}")
            clock.moved += 61
            assert endpoint.trouble() is Trouble.BUDGET
            clock.moved += 24 * 3600
            assert endpoint.trouble(calls=2) is None
    assert len(fake.calls) == 3


async def test_rests_after_failures():
    """After three failures in a row it is not asked for a while, and then again."""
    clock = HandClock()
    async with (
        a_fake(lambda _: status(500)) as fake,
        Endpoint(EndpointSettings(url=fake.url), clock) as endpoint,
    ):
        for _ in range(5):
            with pytest.raises(UnansweredError):
                await endpoint.post("", b"{}")
        assert (len(fake.calls), endpoint.trouble()) == (3, Trouble.DOWN)
        clock.moved += 6
        fake.answer = lambda _: {}
        await endpoint.post("", b"{}")
        assert (endpoint.trouble(), endpoint.fails) == (None, False)


async def test_connections_are_capped():
    """No more than `connections_max` calls are under way; who waits too long is told `busy`."""
    async with a_fake(lambda _: {}) as fake:
        fake.pause_seconds = 0.15
        settings = EndpointSettings(url=fake.url, connections_max=1, timeout_seconds=0.2)
        async with Endpoint(settings, HandClock()) as endpoint:
            found = await asyncio.gather(
                *(endpoint.post("", b"{}") for _ in range(3)), return_exceptions=True
            )
    problems = [str(each) for each in found if isinstance(each, UnansweredError)]
    assert problems == ["busy"]
    assert len(fake.calls) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[" * 100_000, b'"\xff"', b'{"a": "x"}'])
def test_garbage_is_a_bad_answer(body):
    """What is not JSON of the promised shape is a bad answer, and no other error."""
    with pytest.raises(UnansweredError, match="bad_answer"):
        read(body, dict[str, float])
