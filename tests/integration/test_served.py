"""Model servers of tests leave no socket open, whenever they end."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from tests.integration.proxy.rig import OK, ModelServer, answering
from tests.served import Connection, serving


@pytest.mark.parametrize("turns", range(6))
def test_who_is_coming_in_while_a_server_ends_is_let_out(turns):
    """A connection may be accepted, made or begun upon: its socket is closed by the end."""

    async def ended_on_the_way() -> list[socket.socket]:
        model = ModelServer(answering(OK))
        users = [socket.create_connection(("127.0.0.1", await model.start()))]
        async with serving(Connection) as port:
            users.append(socket.create_connection(("127.0.0.1", port)))
            for _ in range(turns):
                await asyncio.sleep(0)
        await model.end()
        return users

    for user in asyncio.run(ended_on_the_way()):
        user.close()
    gc.collect()  # an open one would make this test fail, by a ResourceWarning
