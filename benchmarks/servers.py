"""Real processes on ports of 127.0.0.1: how they are started, pinned to a CPU, and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


_UNPACKED = Path(__file__).resolve().parents[1] / ".tools" / "servers" / "usr"
_START_SECONDS = 15.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that listens."""

    port: int
    pid: int
    more: tuple[int, ...] = ()
    """Further processes that share the port."""

    @property
    def pids(self) -> tuple[int, ...]:
        """All of its processes."""
        return (self.pid, *self.more)


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


@contextlib.contextmanager
def model_server(folder: Path, *, cpu: int | None) -> Iterator[Server]:
    """Run a model server that costs next to nothing: see `proxy_model`."""
    del folder
    port = free_port()
    arguments = [sys.executable, "-m", "benchmarks.proxy_model", str(port)]
    with running(arguments, port=port, cpu=cpu) as server:
        yield server
