"""Everything at once: whatever users and model servers do, each user gets its own answer, whole."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from shadowmon.ipc.board import Count
from shadowmon.ipc.handover import receive
from tests.integration.proxy.rig import until
from tests.mixing import Mixing


_REQUESTS = 1500
_USERS = 20


@pytest.mark.parametrize("seed", [1, 2])
async def test_each_user_gets_its_own_answer_byte_for_byte(rig, seed):
    """With pipelining, aborts and servers that close, reset, chatter and fail, by a seed."""
    mixing = Mixing(seed=seed, left=_REQUESTS)
    proxy = await rig(base=mixing.server(b"base"), int8=mixing.server(b"int8"))
    proxy.weight(5000)

    async def take() -> None:
        while True:
            with contextlib.suppress(BlockingIOError):
                for exchange in receive(proxy.taken):
                    mixing.handed_over(exchange)
            await asyncio.sleep(0.001)

    taking = asyncio.ensure_future(take())
    await mixing.ask(proxy, _USERS)
    await until(lambda: not proxy.station.users and not proxy.station.tee.held)
    taking.cancel()

    assert mixing.faults == []
    assert min(mixing.outcomes[each] for each in ("int8 stay", "cut", "refused", "left")) > 0
    assert mixing.outcomes["handed over"] > 0
    again = sum(times - 1 for times in mixing.met.values())
    assert max(mixing.met.values()) <= 2
    assert again <= proxy.count(Count.RETRIED)  # and nothing else is sent twice to one server
    assert proxy.station.kept_bytes == 0
