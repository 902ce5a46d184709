"""All the models that one exchange needs, asked at one time."""

from __future__ import annotations

import asyncio

from typing import Any

import pytest

from shadowmon.clock import SystemClock
from shadowmon.mirror.arm import Arm
from shadowmon.mirror.dispatch import Dispatcher
from shadowmon.mirror.sessions import Sessions
from shadowmon.mirror.settings import MirrorSettings, ModelSettings
from shadowmon.records import Answer, Ending, ModelName, Outcome, Served
from shadowmon.traffic.codecs.openai import OpenAI
from tests.factories import an_exchange
from tests.integration.mirror.model_server import Answering, Connection, a_model_server, http


BASE, INT8, INT4 = ModelName("base"), ModelName("int8"), ModelName("int4")
GOOD = b'{"choices": [{"message": {"content": "hi"}}]}'


class Broken(OpenAI):
    """A stranger's codec with a bug."""

    def read_answer(self, **_: Any) -> Answer:
        msg = "canary"
        raise KeyError(msg)


async def good(connection: Connection) -> None:
    await connection.send(http(GOOD))


class Together:
    """Answers nobody before so many have asked."""

    def __init__(self, number: int) -> None:
        self._asked = asyncio.Barrier(number)

    async def __call__(self, connection: Connection) -> None:
        await self._asked.wait()
        await good(connection)


def served(model: ModelName, ending: Ending = Ending.COMPLETE, body: bytes = GOOD) -> Served:
    return Served(model=model, ending=ending, status=200, body=body, duration_seconds=9.0)


async def replies(
    exchange: Any, *wanted: ModelName, codec: OpenAI | None = None, answer: Answering = good
) -> Any:
    """Return the replies, and how many calls were made."""
    async with a_model_server(answer) as server, Sessions() as sessions:
        arms = {
            name: Arm(
                name,
                ModelSettings(url=server.url),
                codec if codec and name == INT8 else OpenAI({}),
                sessions.to(server.url),
                SystemClock(),
                mirror=MirrorSettings(),
            )
            for name in (BASE, INT8, INT4)
        }
        found = await Dispatcher(arms).replies(exchange, wanted)
    return found, len(server.requests)


async def test_each_model_is_called_once_and_together() -> None:
    """Each wanted model is called once, all at one time; a model without an arm has no reply."""
    wanted = (BASE, INT8, INT4, INT8, ModelName("who"))

    found, calls = await replies(an_exchange(b"{}"), *wanted, answer=Together(3))

    assert set(found) == {BASE, INT8, INT4}
    assert {reply.outcome for reply in found.values()} == {Outcome.OK}
    assert calls == 3


async def test_only_what_is_wanted() -> None:
    """A model that nobody wants is not called."""
    assert (await replies(an_exchange(b"{}"), INT4))[1] == 1


async def test_production_s_own_answer_is_used() -> None:
    """The model that production called is not called again: its reply is what the user got."""
    found, calls = await replies(an_exchange(b"{}", served=served(BASE)), BASE, INT8)

    assert calls == 1
    assert (found[BASE].served, found[BASE].duration_seconds) == (True, 9.0)
    assert not found[INT8].served


@pytest.mark.parametrize("ending", [Ending.TRUNCATED, Ending.UNREACHABLE])
async def test_production_s_failures_are_used(ending: Ending) -> None:
    """A model that failed on production's path is not called again either."""
    exchange = an_exchange(b"{}", served=served(BASE), failed_first=served(INT8, ending))

    found, calls = await replies(exchange, BASE, INT8)

    assert calls == 0
    assert found[INT8].outcome in {Outcome.RESET, Outcome.REFUSED}


async def test_nobody_is_called_for_a_user_who_left() -> None:
    """An exchange that its user broke off costs no call."""
    exchange = an_exchange(b"{}", served=served(BASE, Ending.CLIENT_GONE))

    assert await replies(exchange, BASE, INT8) == ({}, 0)


async def test_bug_in_a_codec_costs_one_reply() -> None:
    """What a stranger's codec raises is one shed reply, which quotes nothing; the others stand."""
    found, _ = await replies(an_exchange(b"{}"), BASE, INT8, codec=Broken({}))

    assert (found[BASE].outcome, found[INT8].outcome) == (Outcome.OK, Outcome.SHED)
    assert "KeyError" in found[INT8].problem
    assert "canary" not in repr(found)


async def test_cancelling_passes_through() -> None:
    """Cancelling the dispatch cancels its calls."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await replies(an_exchange(b"{}"), BASE, INT8, answer=Connection.hang)


async def test_what_production_had_of_others_is_used_too() -> None:
    """A model whose answer came along is not called; the others are."""
    exchange = an_exchange(b"{}", served=served(BASE), also=(served(INT8),))

    found, calls = await replies(exchange, BASE, INT8, INT4)

    assert calls == 1
    assert [found[model].served for model in (BASE, INT8, INT4)] == [True, True, False]
    assert found[INT8].duration_seconds == 9.0
