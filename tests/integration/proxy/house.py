"""Real worker processes on one listening socket, started as the daemon starts them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from shadowmon.ipc.board import Board
from shadowmon.ipc.handover import socket_pair
from shadowmon.proxy import plan as plans
from tests.integration.proxy.rig import OK, Client, ModelServer, Script, a_plan, answering


@dataclass
class Workers:
    """Worker processes on one listening socket."""

    port: int
    board: Board
    taken: socket.socket
    base: ModelServer
    int8: ModelServer
    listener: socket.socket
    handover: socket.socket
    processes: list[subprocess.Popen[bytes]]
    clients: list[Client]

    def start(self, **changes: Any) -> subprocess.Popen[bytes]:
        """Start one more."""
        ports = self.base.port, self.int8.port
        told = {"drain_seconds": 5.0, "worker": 0}
        told |= {name: changes.pop(name) for name in told.keys() & changes.keys()}
        plan = msgspec.structs.replace(a_plan(ports, **changes), parent_pid=os.getpid(), **told)
        read, write = os.pipe()
        fds = [read, self.listener.fileno(), self.board.fd, self.handover.fileno()]
        names = ["--plan-fd", "--listen-fd", "--board-fd", "--handover-fd"]
        arguments = [text for name, fd in zip(names, fds, strict=True) for text in (name, str(fd))]
        process = subprocess.Popen(
            [sys.executable, "-m", "shadowmon.proxy.worker", *arguments],
            pass_fds=fds,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        os.write(write, plans.encode(plan))
        os.close(write)
        os.close(read)
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "proxy.worker_started"
        return process

    async def client(self) -> Client:
        """Connect a user."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


@contextlib.asynccontextmanager
async def houses() -> AsyncIterator[Callable[..., Awaitable[Workers]]]:
    """Give what makes sockets, a board and two model servers; everything ends with it."""
    async with contextlib.AsyncExitStack() as stack:

        async def house(base: Script | None = None, int8: Script | None = None) -> Workers:
            servers = ModelServer(base or answering(OK)), ModelServer(int8 or answering(OK))
            for server in servers:
                await server.start()
                stack.push_async_callback(server.end)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.setblocking(False)
            write, read = (stack.enter_context(end) for end in socket_pair())
            board = Board.create()
            stack.callback(board.close)
            processes: list[subprocess.Popen[bytes]] = []
            stack.callback(_end, processes)
            clients: list[Client] = []
            stack.push_async_callback(_leave, clients)
            port = listener.getsockname()[1]
            return Workers(port, board, read, *servers, listener, write, processes, clients)

        yield house


async def _leave(clients: list[Client]) -> None:
    for client in clients:
        await client.end()


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
