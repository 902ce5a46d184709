"""Where the console listens, and how it ends."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from shadowmon.console.server import make_app, serve
from tests.consoles import a_desk, console_settings, metrics


async def status(address):
    """Ask for the health, and return the answer's status."""
    host, port = address[:2]
    where = f"[{host}]" if ":" in host else host
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{where}:{port}/-/healthy") as answer,
    ):
        return answer.status


async def test_inherited_socket():
    """A listening socket that somebody else opened is served on."""
    settings = console_settings(listen="127.0.0.1:1")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        sock.setblocking(False)

        runner = await serve(make_app(a_desk(), settings, metrics), settings, sock)

        assert await status(sock.getsockname()) == 200
        await runner.cleanup()


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0", ":0"])
async def test_every_kind_of_address(listen):
    """Every kind of address that the configuration may name can be listened on."""
    settings = console_settings(listen=listen)

    runner = await serve(make_app(a_desk(), settings, metrics), settings)

    try:
        host, port = runner.addresses[0][:2]
        assert await status(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)) == 200
    finally:
        await runner.cleanup()


async def test_address_that_is_taken(free_port):
    """An address that somebody listens on already is an error, and nothing is left behind."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        settings = console_settings(listen=f"127.0.0.1:{port}")

        with pytest.raises(OSError, match="in use"):
            await serve(make_app(a_desk(), settings, metrics), settings)


async def test_end_in_bounded_time():
    """Connections that do nothing do not hold up the end."""
    settings = console_settings(head_timeout_seconds=60)
    runner = await serve(make_app(a_desk(), settings, metrics), settings)
    readers = [await asyncio.open_connection(*runner.addresses[0][:2]) for _ in range(3)]
    readers[0][1].write(b"GET / HT")

    async with asyncio.timeout(5):
        await runner.cleanup()

    for reader, writer in readers:
        assert await reader.read() == b""
        writer.close()
