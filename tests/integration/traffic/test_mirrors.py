"""The tap behind the real mirrors that it is made for: Envoy and nginx, as deploy/ ships them."""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from aiohttp import web

from shadowmon.traffic.tap import Fate
from tests import mirrors
from tests.integration.traffic.tapped import Tapped, a_tap


BODY = b"0123456789" * 500_000
SHADOW_HOST = (
    "disable_shadow_host_suffix_append: true",
    "disable_shadow_host_suffix_append: false",
)
"""How an Envoy marks its copies unless it is told not to: `api-shadow:8080`."""


@dataclass
class Mirrored:
    """A mirror with users, a baseline behind it, and the tap beside that."""

    port: int
    tapped: Tapped
    told: list[str] = field(default_factory=list)
    """Ids of the requests that the baseline got."""

    async def ask(self, body: bytes, **headers: str) -> str:
        """Send one request in pieces; return what its user got once its copy is there."""
        before = len(self.tapped.exchanges)
        url = f"http://127.0.0.1:{self.port}/v1/a?b=%20"
        async with (
            asyncio.timeout(20),
            aiohttp.ClientSession() as session,
            session.post(url, data=_pieces(body), headers=headers) as answer,
        ):
            said = await answer.text()
        await self.tapped.until(lambda: len(self.tapped.exchanges) > before)
        return said


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


@pytest.fixture(name="ports")
def _ports(free_port: Callable[[], int]) -> dict[str, int]:
    return {name: free_port() for name in mirrors.PORTS}


@contextmanager
def _mirror(
    which: str, folder: Path, ports: dict[str, int], need: Callable[[str], str]
) -> Iterator[None]:
    if which == "nginx":
        with mirrors.nginx(folder, ports, need("nginx")):
            yield
    else:
        changes = [SHADOW_HOST] if which == "envoy, shadow hosts" else []
        with mirrors.envoy(folder, ports, *changes):
            yield


@asynccontextmanager
async def _mirrored(
    which: str, folder: Path, ports: dict[str, int], need: Callable[[str], str]
) -> AsyncIterator[Mirrored]:
    async with a_tap(port=ports["tap"]) as tapped:
        mirrored = Mirrored(ports["proxy"], tapped)

        async def answer(request: web.BaseRequest) -> web.Response:
            mirrored.told.append(request.headers["x-request-id"])
            return web.Response(body=b"%d bytes" % len(await request.content.read()))

        runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", ports["model"]).start()
            with _mirror(which, folder, ports, need):
                yield mirrored
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("which", ["envoy", "envoy, shadow hosts", "nginx"])
async def test_a_copy_is_what_the_user_sent(which, tmp_path, ports, need):
    """A copy of a 5 MB upload comes whole, with its user's own host and target."""
    async with _mirrored(which, tmp_path, ports, need) as mirrored:
        assert await mirrored.ask(BODY) == "5000000 bytes"

    ((head, taken),) = mirrored.tapped.exchanges
    assert (head.method, head.target) == (b"POST", b"/v1/a?b=%20")
    assert taken == BODY
    assert b"host: 127.0.0.1:%d" % ports["proxy"] in head.headers.split(b"\r\n")
    assert mirrored.tapped.fates == {Fate.MIRRORED: 1}


@pytest.mark.parametrize("which", ["envoy", "nginx"])
async def test_a_request_and_its_copy_share_an_id(which, tmp_path, ports, need):
    """The user's own, for labels refer to it; where there is none the mirror makes one."""
    async with _mirrored(which, tmp_path, ports, need) as mirrored:
        await mirrored.ask(b"{}", **{"X-Request-Id": "the-user's"})
        await mirrored.ask(b"{}")

    found = [head.id for head, _ in mirrored.tapped.exchanges]
    assert found == mirrored.told
    assert found[0] == "the-user's"
    assert len(found[1]) >= 32
