"""The proxy's integration tests run on both event loops: asyncio's own and uvloop's."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvloop

from tests.integration.proxy.house import Workers, houses
from tests.integration.proxy.rig import Rig, a_rig


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See pytest-asyncio."""
    del config, item
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(name="rig")
async def _rig() -> AsyncIterator[Callable[..., object]]:
    """`await rig(**changes)` starts a proxy between a client and two model servers."""
    async with AsyncExitStack() as stack:

        async def rig(**changes: Any) -> Rig:
            return await stack.enter_async_context(a_rig(**changes))

        yield rig


@pytest.fixture(name="workers")
async def _workers() -> AsyncIterator[Callable[..., Awaitable[Workers]]]:
    """`await workers(base=…)` gives sockets, a board and two model servers; start workers."""
    async with houses() as house:
        yield house
