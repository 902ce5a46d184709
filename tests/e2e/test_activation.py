"""Started as systemd starts it: the listening socket is there before the daemon is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys

import aiohttp
import trustme

from tests.daemons import Daemon, Model, Users, a_configuration


QUESTION = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}'
POST = (
    b"POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    % len(QUESTION)
    + QUESTION
)
TIMEOUT = aiohttp.ClientTimeout(total=20)


async def test_a_socket_of_systemds_is_served_and_kept(tmp_path):
    """A user who comes before the daemon does is served by it, and the socket outlives it."""
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        opened = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        settings = a_configuration(models)
        port = opened.getsockname()[1]
        users = Users(Daemon(tmp_path, settings | {"proxy": {"listen": f"127.0.0.1:{port}"}}))
        daemon = Daemon(tmp_path, settings | {"proxy": {"listen": "systemd:proxy"}})
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            asking = asyncio.ensure_future(users.ask(session, 1))
            daemon.process = activated(daemon, opened)
            stack.callback(ended, daemon)
            await asking
            daemon.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(daemon.process.wait, 20) == 0
        socket.create_connection(("127.0.0.1", port)).close()

    assert users.errors == []
    assert users.answered["fp32"] == 1


def ended(daemon: Daemon) -> None:
    """See that nothing is left behind, whatever a test came to."""
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.kill()


def activated(daemon: Daemon, opened: socket.socket) -> subprocess.Popen[bytes]:
    """Start a daemon with a socket as its descriptor 3, as sd_listen_fds(3) describes it."""
    become = (
        f"import os, sys; os.dup2({opened.fileno()}, 3); "
        "os.environ['LISTEN_PID'] = str(os.getpid()); "
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    arguments = ["-m", "shadowmon", "run", "--config", str(daemon.path)]
    with (daemon.folder / "daemon.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", become, *arguments],
            pass_fds=[opened.fileno()],
            env=os.environ | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "proxy"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


async def test_everything_may_be_on_unix_sockets_and_behind_tls(tmp_path):
    """Users come by TLS on a Unix socket; its file goes when the daemon does."""
    path = tmp_path / "proxy.sock"
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    models = [Model("fp32"), Model("int8")]
    async with contextlib.AsyncExitStack() as stack:
        for model in models:
            await stack.enter_async_context(model.serving())
        own = str(tmp_path / "own.pem")
        proxy = {"listen": f"unix:{path}", "tls": {"certificate": own, "key": own}}
        daemon = Daemon(tmp_path, a_configuration(models, proxy=proxy))
        daemon.session = await stack.enter_async_context(aiohttp.ClientSession(timeout=TIMEOUT))
        daemon.start()
        stack.callback(ended, daemon)
        await daemon.ready()

        async def there() -> bool:
            return bool(path.exists())

        await daemon.until(there)
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_unix_connection(
                path, ssl=context, server_hostname="localhost"
            )
            writer.write(POST)
            head = await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        code = await asyncio.to_thread(daemon.stop)

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert code == 0
    assert not path.exists()
