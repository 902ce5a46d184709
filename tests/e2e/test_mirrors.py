"""Real Envoy and real nginx, as deploy/ ships them, that mirror to a tap in trouble."""

from __future__ import annotations

import asyncio
import time

from collections.abc import Callable

import pytest

from tests.hazards.stage import post
from tests.integration.proxy.rig import Client
from tests.mirrors import PORTS, TROUBLES, envoy, nginx, stopped
from tests.served import Connection, serving


MIB = 2**20
ENVOY_BOUND_SECONDS = 1.0
"""`max_stream_duration` of deploy/envoy/tap.yaml: how long a hung tap can hold a user up."""
NGINX_BOUND_SECONDS = 0.25
ENOUGH_TO_STALL = 6 * MIB
"""More than sockets and Envoy's own buffer take."""


@pytest.fixture(name="listening")
def _listening(free_port: Callable[[], int]) -> dict[str, int]:
    """Ports for those that the configurations name."""
    return {name: free_port() for name in PORTS}


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
    ("trouble", "count", "body_bytes"),
    [
        *((trouble, 8, ENOUGH_TO_STALL) for trouble in TROUBLES),
        pytest.param("stopped", 50, 16 * MIB, marks=pytest.mark.slow),
    ],
)
async def test_a_tap_in_trouble_holds_no_user_of_envoy_up_for_longer_than_is_said(
    trouble, count, body_bytes, tmp_path, listening
):
    """Every user with a large body gets a 200, at most a second later than without a tap."""
    body = bytes(body_bytes)
    async with serving(Swallowing, listening["model"]):
        with envoy(tmp_path, listening):
            without = await users(listening["proxy"], count, body)
            async with TROUBLES[trouble](listening["tap"]):
                beside = await users(listening["proxy"], count, body)

    # Twice, for the copies are sent too; and the machine is what it is.
    assert beside <= 2 * without + ENVOY_BOUND_SECONDS + 0.5, (without, beside)


async def test_without_its_bound_envoy_holds_users_up(tmp_path, listening):
    """What deploy/envoy/tap.yaml sets is needed: without it such a user waits and waits."""
    unbounded = ("{max_stream_duration: 1s}", "{}")
    async with serving(Swallowing, listening["model"]), stopped(listening["tap"]):
        with envoy(tmp_path, listening, unbounded), pytest.raises(TimeoutError):
            await asked(
                listening["proxy"], bytes(ENOUGH_TO_STALL), patience=2 * ENVOY_BOUND_SECONDS
            )


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("body_bytes", [100, 6 * MIB])
async def test_a_tap_in_trouble_delays_nginxs_next_request_no_longer_than_is_said(
    body_bytes, trouble, tmp_path, listening, need
):
    """The next request on a user's connection is answered within 250 ms, whatever its size."""
    body, binary = bytes(body_bytes), need("nginx")
    async with serving(Swallowing, listening["model"]):
        with nginx(tmp_path, listening, binary):
            async with TROUBLES[trouble](listening["tap"]):
                taken = await next_ones(listening["proxy"], body, count=6)

    # One of them may have met a machine that was busy with something else.
    assert sorted(taken)[-2] <= NGINX_BOUND_SECONDS, taken


async def next_ones(port: int, body: bytes, *, count: int) -> list[float]:
    """Ask on one connection, again and again; return how long each request behind one took."""
    user = Client(*await asyncio.open_connection("127.0.0.1", port))
    taken = []
    for _ in range(count):
        assert (await user.ask(post(body))).status == 200
        began = time.monotonic()
        assert (await user.ask(post(b"x"))).status == 200
        taken.append(time.monotonic() - began)
    await user.end()
    return taken
