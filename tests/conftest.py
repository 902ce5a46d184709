"""
Fixtures that all tests share: real servers, free ports, and no silent skips.

Servers are looked for on PATH and where `make tools` puts them. Where one is missing a test is
skipped, but never under CI (or with SHADOWMON_REQUIRE_ALL set): there each skip is a failure.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hypothesis import settings

from tests import ports


STRICT = bool(os.environ.get("CI") or os.environ.get("SHADOWMON_REQUIRE_ALL"))
SERVERS = Path(__file__).resolve().parents[1] / ".tools" / "servers" / "usr"

# Each process that a test starts would begin a thread for each core as it imports numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in a script's background: what tests start would ignore Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
pytest.register_assert_rewrite("shadowmon.testing")
# How fast things are is shown in benchmarks/; but an example that takes this long hangs.
settings.register_profile("patient", deadline=timedelta(seconds=10))
settings.load_profile("patient")

BEGIN_WITH = (
    "tests/integration/demo/",
    "tests/e2e/test_restarts.py",
    "tests/integration/observability/",
    "tests/e2e/",
    "tests/integration/",
    "tests/statistical/",
)
"""Where tests take long, the longest first: nobody waits at the end for one that was begun last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests by how long they take; those of one file stay together."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    turns = (turn for turn, where in enumerate(BEGIN_WITH) if item.nodeid.startswith(where))
    return next(turns, len(BEGIN_WITH))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect; what that makes lives to the end, and no garbage collector is to go through it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a run that skipped anything has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if reporter and STRICT and skipped and session.exitstatus == 0:
        reporter.write_line(f"\n{skipped} skipped, and nothing may be skipped here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def find(binary: str) -> str:
    """Return the path of a server that tests need; skip, or fail under CI, where there is none."""
    path = os.pathsep.join([os.environ.get("PATH", ""), f"{SERVERS}/bin", f"{SERVERS}/sbin"])
    found = shutil.which(binary, path=path)
    if not found:
        (pytest.fail if STRICT else pytest.skip)(f"{binary} is missing: run `make tools`")
    return found


@pytest.fixture(name="need")
def _need() -> Callable[[str], str]:
    """`need("nginx")` is the path of nginx."""
    return find


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    """`free_port()` is a port of 127.0.0.1 that nobody listens on."""
    return ports.free_port


@pytest.fixture(name="promtool")
def _promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`promtool("check", "rules", path)` runs it; `text=` is what it reads."""
    binary = find("promtool")

    def promtool(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [binary, *map(str, arguments)],
            input=text,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=os.environ | {"GOGC": "400"},  # a fifth less time goes to garbage
        )

    return promtool


class Prometheus:
    """A Prometheus that runs."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        """Ask its API, such as /api/v1/alerts; returns the `data`."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)["data"]


@pytest.fixture(name="prometheus")
def _prometheus(
    tmp_path: Path, free_port: Callable[[], int]
) -> Iterator[Callable[[str], Prometheus]]:
    """`prometheus(configuration)` starts a real one with this YAML, and waits until it is ready."""
    binary = find("prometheus")
    running: list[subprocess.Popen[bytes]] = []

    def prometheus(configuration: str) -> Prometheus:
        folder = tmp_path / f"prometheus-{len(running)}"
        folder.mkdir()
        (folder / "prometheus.yml").write_text(configuration)
        port = free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    binary,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        running.append(process)
        server = Prometheus(f"http://127.0.0.1:{port}")
        wait_until(lambda: _is_ready(server, process, folder / "log"), seconds=15)
        return server

    yield prometheus
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=10)


def _is_ready(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"prometheus ended: {log.read_text()}")
    try:
        with urllib.request.urlopen(server.url + "/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(holds: Callable[[], bool], *, seconds: float) -> None:
    """Ask until it holds; fail after this long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not so after {seconds} s")
        time.sleep(0.02)
