"""The configuration is read again, again and again, while users hammer at the proxy."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from tests.daemons import Model, a_configuration, running
from tests.served import Connection, serving


REQUESTS = 10_000
RELOADS = 2
CONNECTIONS = 16
BODY = b'{"model_name":"digits","outputs":[{"name":"label","datatype":"BYTES","data":["1"]}]}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
QUESTION = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}'
POST = (
    b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    % len(QUESTION)
    + QUESTION
)


class QuickModel(Connection):
    """A model server that costs nearly nothing: each whole question is answered at once."""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self.transport.write(ANSWER * data.count(QUESTION))


@dataclass
class Hammering:
    """Users who ask one question after the other, each on a connection that is kept."""

    port: int
    answered: int = 0
    connections: int = 0
    errors: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def one(self) -> None:
        """Ask until it is enough; a connection is given up only where its answer says so."""
        while not self.enough.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.connections += 1
            with contextlib.closing(writer):
                await self.on(reader, writer)

    async def on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask on one connection."""
        while not self.enough.is_set():
            writer.write(POST)
            try:
                async with asyncio.timeout(10):
                    head = await reader.readuntil(b"\r\n\r\n")
                    body = await reader.readexactly(len(BODY))
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.errors.append(repr(error))
                return
            if not head.startswith(b"HTTP/1.1 200 ") or body != BODY:
                self.errors.append(head.decode())
            self.answered += 1
            if b"connection: close\r\n" in head:
                return


@contextlib.asynccontextmanager
async def quick_models(*names: str) -> AsyncIterator[list[Model]]:
    """Serve models that are no burden."""
    async with contextlib.AsyncExitStack() as stack:
        models = []
        for name in names:
            port = await stack.enter_async_context(serving(QuickModel))
            models.append(Model(name, port=port))
        yield models


async def test_a_rolling_restart_loses_no_request(tmp_path):
    """Of 10,000 requests and more, through three generations of workers, none gets an error."""
    async with contextlib.AsyncExitStack() as stack:
        models = await stack.enter_async_context(quick_models("fp32", "int8"))
        settings = a_configuration(models)
        settings["proxy"]["workers"] = 2
        settings["rollout"]["climb"] = False
        daemon = await stack.enter_async_context(running(tmp_path, settings))
        users = Hammering(int(settings["proxy"]["listen"].rpartition(":")[2]))

        def reloaded(times: int) -> Callable[[], Awaitable[bool]]:
            async def holds() -> bool:
                return daemon.log.count("config.reloaded") == times

            return holds

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(users.one())
            for times in range(1, RELOADS + 1):
                assert daemon.process
                daemon.process.send_signal(signal.SIGHUP)
                await daemon.until(reloaded(times))

            async def many() -> bool:
                return users.answered >= REQUESTS

            await daemon.until(many)
            users.enough.set()

    assert users.errors == []
    assert users.answered >= REQUESTS
    assert users.connections > RELOADS * CONNECTIONS  # everyone was moved, each time
