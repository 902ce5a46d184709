"""
What our proxy costs beside nginx, Envoy and a plain aiohttp proxy: one run, rounds interleaved.

The main figure is CPU time for each request (all threads of the proxy's process, by the
scheduler's own account), for it moves far less than requests per second on a busy machine. The
client and the model server share another CPU than the proxy's. Envoy and nginx run one worker,
without access log; they do far more than our proxy does (TLS, HTTP/2, retries, statistics). The
point is only that Python is not what a user waits for.

Floor: CPU for each request at most Envoy's; at least 3.5 times the requests per second and core
of the plain aiohttp proxy. Aim: at most 0.65 of Envoy's, at least 6 times aiohttp's.
"""

from __future__ import annotations

import contextlib
import os
import tempfile

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import load, servers
from benchmarks.servers import Server


OURS, OURS_UNWATCHED = "shadowmon", "shadowmon, tee off"
ENVOY, NGINX, AIOHTTP, DIRECT = "envoy", "nginx", "aiohttp", "(direct)"

CONNECTIONS = 16
ENVOY_MOST = 1.0
AIOHTTP_LEAST = 3.5


@dataclass(slots=True)
class Rounds:
    """What was measured of one proxy, round by round."""

    cpu_us: list[float] = field(default_factory=list)
    p50_us: list[int] = field(default_factory=list)
    p99_us: list[int] = field(default_factory=list)
    alone_p50_us: list[int] = field(default_factory=list)
    """With one connection: requests one after the other."""
    alone_p99_us: list[int] = field(default_factory=list)
    errors: int = 0

    @property
    def cpu(self) -> float:
        """Microseconds of CPU time for each request."""
        return median(self.cpu_us)

    def times(self, other: Rounds) -> float:
        """Return CPU time as a multiple of another's: the median of what each round says."""
        return median(mine / its for mine, its in zip(self.cpu_us, other.cpu_us, strict=True))


def main(quick: bool) -> None:
    """Print the table; a quick run is rougher."""
    rounds, seconds = (3, 1) if quick else (11, 2)
    cpus = sorted(os.sched_getaffinity(0))
    ours, theirs = cpus[0], cpus[-1]
    if ours == theirs:
        print("\nproxy: needs two CPUs; this machine gives one")
        return
    with tempfile.TemporaryDirectory() as name, _started(Path(name), ours, theirs) as running:
        measured = {what: Rounds() for what in running}
        for _ in range(rounds):
            for what, server in running.items():
                _measure(measured[what], Path(name), server, seconds=seconds, cpu=theirs)
    _print(measured)


@contextlib.contextmanager
def _started(folder: Path, ours: int, theirs: int) -> Iterator[dict[str, Server]]:
    """Start everything; idle proxies cost the one that is measured nothing."""
    makers: dict[str, Callable[[Path, int], contextlib.AbstractContextManager[Server]]] = {
        OURS: lambda to, up: servers.shadowmon_proxy(to, up, cpu=ours, reader_cpu=theirs),
        OURS_UNWATCHED: lambda to, up: servers.shadowmon_proxy(to, up, cpu=ours, sample_rate=0.0),
        ENVOY: lambda to, up: servers.envoy_proxy(to, up, cpu=ours),
        NGINX: lambda to, up: servers.nginx_proxy(to, up, cpu=ours),
        AIOHTTP: lambda to, up: servers.aiohttp_proxy(to, up, cpu=ours),
    }
    with contextlib.ExitStack() as stack:
        model = stack.enter_context(servers.model_server(folder / "model", cpu=theirs))
        running = {
            what: stack.enter_context(make(folder / what.replace(", ", "-"), model.port))
            for what, make in makers.items()
        }
        for server in running.values():  # warm, so that every pool is filled
            load.run(folder, server.port, connections=CONNECTIONS, seconds=1, cpu=theirs)
        yield {DIRECT: model} | running


def _measure(into: Rounds, folder: Path, server: Server, *, seconds: int, cpu: int) -> None:
    before = servers.cpu_seconds(server.pid)
    many = load.run(folder, server.port, connections=CONNECTIONS, seconds=seconds, cpu=cpu)
    spent = servers.cpu_seconds(server.pid) - before
    alone = load.run(folder, server.port, connections=1, seconds=1, cpu=cpu)
    into.cpu_us.append(spent * 1e6 / max(many.requests, 1))
    into.p50_us.append(many.p50_us)
    into.p99_us.append(many.p99_us)
    into.alone_p50_us.append(alone.p50_us)
    into.alone_p99_us.append(alone.p99_us)
    into.errors += many.errors + alone.errors


def _print(measured: dict[str, Rounds]) -> None:
    direct = measured.pop(DIRECT)
    print("\nproxy: POST of 1 KB with 14 fields, one of them new, answer of 2 KB,", end=" ")
    print(f"{CONNECTIONS} connections")
    print(
        f"{'':<20}{'CPU us':>8}{'per core':>10}{'x envoy':>9}{'x nginx':>9}{'x aiohttp':>11}"
        f"{'p50 us':>8}{'p99 us':>8}{'added p50':>11}{'added p99':>11}{'errors':>8}"
    )
    for what, rounds in measured.items():
        print(
            f"{what:<20}{rounds.cpu:>8.1f}{1e6 / rounds.cpu:>10.0f}"
            f"{rounds.times(measured[ENVOY]):>9.2f}{rounds.times(measured[NGINX]):>9.2f}"
            f"{rounds.times(measured[AIOHTTP]):>11.2f}"
            f"{median(rounds.p50_us):>8.0f}{median(rounds.p99_us):>8.0f}"
            f"{median(rounds.alone_p50_us) - median(direct.alone_p50_us):>11.0f}"
            f"{median(rounds.alone_p99_us) - median(direct.alone_p99_us):>11.0f}"
            f"{rounds.errors:>8}"
        )
    ours, envoy, aiohttp = measured[OURS], measured[ENVOY], measured[AIOHTTP]
    _verdict("CPU for each request, of Envoy's", ours.times(envoy), at_most=ENVOY_MOST)
    _verdict("times aiohttp's requests", aiohttp.times(ours), at_least=AIOHTTP_LEAST)


def _verdict(
    what: str, figure: float, *, at_most: float | None = None, at_least: float | None = None
) -> None:
    kept = figure <= at_most if at_most is not None else figure >= (at_least or 0.0)
    bound = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
    print(f"{what}: {figure:.2f} ({bound}: {'kept' if kept else 'MISSED'})")
