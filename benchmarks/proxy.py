"""
What our proxy costs beside nginx, Envoy and a plain aiohttp proxy: one run, rounds interleaved.

The main figure is CPU time for each request (all threads of the proxy's processes, by the
scheduler's own account), for it moves far less than requests per second on a busy machine. The
client and the model server share another CPU than the proxy's. Ours runs as in production: its
counters on, every deadline watched, a quarter of the users picked by their sticky key for the
optimized model, every exchange handed over. Envoy and nginx run one worker, without access log;
they do far more than our proxy does (TLS, HTTP/2, retries, statistics). The point is only that
Python is not what a user waits for.

Each round begins with new processes. Where a process's memory happens to lie makes it faster or
slower than another one of the same code, by 5 to 10 %, for as long as it lives; one process for
each proxy would put that into every ratio. And each round measures in turns of a second or two: a
virtual machine is for seconds slower than before, by half, and then that meets all alike.

What a proxy adds to a request is measured with one request at a time, twice. A CPU that has nothing
to do sleeps, and on a virtual machine to wake it takes longer than a proxy does, four times for
each request, whatever the proxy is. So the figure that is compared is measured while no CPU sleeps:
on each a process of the idle class spins. The other one is printed beside it.

"Tee on" hands every exchange over to another process. What it costs only to keep the exchanges is
seen where they are handed over to nobody.

Two workers share one listening socket. What they would carry on two CPUs of their own follows from
the CPU time for each request and the share of the busier one; to measure it as requests per second
would take two further CPUs for the client and the model server.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import tempfile

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import load, proxy_ours, proxy_peers, servers
from benchmarks.proxy_model import EVENT_SECONDS, EVENTS
from benchmarks.servers import Server
from shadowmon.ipc.board import Count


OURS, OURS_TWICE = "shadowmon", "shadowmon, 2 workers"
OURS_KEPT, OURS_UNWATCHED = "shadowmon, kept only", "shadowmon, tee off"
ENVOY, NGINX, AIOHTTP, DIRECT = "envoy", "nginx", "aiohttp", "(direct)"

CONNECTIONS = 16
STREAMS = 64
STREAM_SECONDS = 2.0
TURNS = 2
"""In each round, of a second each."""
ROUNDS = 8
WORKERS_CONNECTIONS = 64
"""With few connections the kernel's choice of who accepts is what one would measure."""


@dataclass(slots=True)
class Rounds:
    """What was measured of one proxy, turn by turn; of streams round by round."""

    cpu_us: list[float] = field(default_factory=list)
    p50_us: list[int] = field(default_factory=list)
    p99_us: list[int] = field(default_factory=list)
    alone_p50_us: list[int] = field(default_factory=list)
    """With one connection: requests one after the other, while no CPU sleeps."""
    alone_p99_us: list[int] = field(default_factory=list)
    asleep_p50_us: list[int] = field(default_factory=list)
    """The same where CPUs sleep while they wait."""
    event_us: list[float] = field(default_factory=list)
    """CPU time for each event of a stream."""
    errors: int = 0

    def load(self, folder: Path, server: Server, cpu: int) -> None:
        """Measure it for a second with many requests at a time."""
        spent, many = _loaded(folder, server, connections=CONNECTIONS, seconds=1, cpu=cpu)
        self.cpu_us.append(spent)
        self.p50_us.append(many.p50_us)
        self.p99_us.append(many.p99_us)
        self.errors += many.errors

    def ask_alone(self, folder: Path, server: Server, cpu: int) -> None:
        """Measure it for a second with one request at a time, while no CPU sleeps."""
        alone = load.run(folder, server.port, connections=1, seconds=1, cpu=cpu)
        self.alone_p50_us.append(alone.p50_us)
        self.alone_p99_us.append(alone.p99_us)
        self.errors += alone.errors

    def ask_asleep(self, folder: Path, server: Server, cpu: int) -> None:
        """Measure it likewise, where CPUs sleep."""
        alone = load.run(folder, server.port, connections=1, seconds=1, cpu=cpu)
        self.asleep_p50_us.append(alone.p50_us)
        self.errors += alone.errors

    @property
    def cpu(self) -> float:
        """Microseconds of CPU time for each request."""
        return median(self.cpu_us)

    def times(self, other: Rounds) -> float:
        """Return CPU time as a multiple of another's: the median of what each turn says."""
        return _ratio(self.cpu_us, other.cpu_us)

    def event_times(self, other: Rounds) -> float:
        """Return CPU time for an event, likewise."""
        return _ratio(self.event_us, other.event_us)


def _ratio(mine: list[float], its: list[float]) -> float:
    return median(one / other for one, other in zip(mine, its, strict=True))


def main(quick: bool) -> None:
    """Print the table; a quick run is rougher."""
    rounds = 3 if quick else ROUNDS
    cpus = sorted(os.sched_getaffinity(0))
    ours, theirs = cpus[0], cpus[-1]
    if ours == theirs:
        print("\nproxy: needs two CPUs; this machine gives one")
        return
    rows = (DIRECT, OURS, OURS_KEPT, OURS_UNWATCHED, ENVOY, NGINX, AIOHTTP)
    measured = {what: Rounds() for what in rows}
    scaled: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name, _started(Path(name), ours, theirs) as running:
            for turn in range(TURNS):
                _take_turns(measured, Path(name), running, turn=turn, cpu=theirs)
            for what, into in measured.items():
                _measure_streams(into, running[what], cpu=theirs)
            scaled.append(_scaled(Path(name), running, seconds=2, cpu=theirs))
    _print(measured, median(scaled), rounds)


@contextlib.contextmanager
def _started(folder: Path, ours: int, theirs: int) -> Iterator[dict[str, Server]]:
    """Start everything; idle proxies cost the one that is measured nothing."""
    shadowmon = proxy_ours.shadowmon_proxy
    makers: dict[str, Callable[[Path, int], contextlib.AbstractContextManager[Server]]] = {
        OURS: lambda to, up: shadowmon(to, up, cpu=ours, reader_cpu=theirs),
        OURS_KEPT: lambda to, up: shadowmon(to, up, cpu=ours, hands_over=False),
        OURS_UNWATCHED: lambda to, up: shadowmon(to, up, cpu=ours, sample_rate=0.0),
        ENVOY: lambda to, up: proxy_peers.envoy_proxy(to, up, cpu=ours),
        NGINX: lambda to, up: proxy_peers.nginx_proxy(to, up, cpu=ours),
        AIOHTTP: lambda to, up: proxy_peers.aiohttp_proxy(to, up, cpu=ours),
        OURS_TWICE: lambda to, up: shadowmon(to, up, cpu=ours, reader_cpu=theirs, workers=2),
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


def _take_turns(
    measured: dict[str, Rounds], folder: Path, running: dict[str, Server], *, turn: int, cpu: int
) -> None:
    """Measure each one loaded, then with one request at a time; who begins changes."""
    names = list(measured)
    names = names[turn % len(names) :] + names[: turn % len(names)]
    for what in names:
        measured[what].load(folder, running[what], cpu)
    for what in names:
        measured[what].ask_asleep(folder, running[what], cpu)
    with _awake(sorted(os.sched_getaffinity(0))):
        for what in names:
            measured[what].ask_alone(folder, running[what], cpu)


@contextlib.contextmanager
def _awake(cpus: Sequence[int]) -> Iterator[None]:
    """Let no CPU sleep: on each spins a process that stands aside for everybody (sched(7))."""
    spinning = [_spin(cpu) for cpu in cpus]
    try:
        yield
    finally:
        for pid in spinning:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _spin(cpu: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while True:
        pass


def _measure_streams(into: Rounds, server: Server, *, cpu: int) -> None:
    before = servers.cpu_seconds(server.pid)
    streams = load.stream(server.port, connections=STREAMS, seconds=STREAM_SECONDS, cpu=cpu)
    streaming = servers.cpu_seconds(server.pid) - before
    into.event_us.append(streaming * 1e6 / max(streams.events, 1))
    into.errors += streams.errors


def _loaded(
    folder: Path, server: Server, *, connections: int, seconds: int, cpu: int
) -> tuple[float, load.Load]:
    """Return the microseconds of CPU for each request, of all processes, and what the users saw."""
    before = sum(map(servers.cpu_seconds, server.pids))
    many = load.run(folder, server.port, connections=connections, seconds=seconds, cpu=cpu)
    spent = sum(map(servers.cpu_seconds, server.pids)) - before
    return spent * 1e6 / max(many.requests, 1), many


def _scaled(folder: Path, running: dict[str, Server], *, seconds: int, cpu: int) -> float:
    """Return how many times one worker's requests two carry, each on a CPU of its own."""
    one, two = running[OURS], running[OURS_TWICE]
    load_of = {"connections": WORKERS_CONNECTIONS, "seconds": seconds, "cpu": cpu}
    alone, _ = _loaded(folder, one, **load_of)
    seen = _seen(two)
    shared, _ = _loaded(folder, two, **load_of)
    served = [after - before for after, before in zip(_seen(two), seen, strict=True)]
    return alone / shared * sum(served) / max(served)


def _seen(server: Server) -> list[int]:
    assert isinstance(server, proxy_ours.OurServer)
    return server.counts(Count.SEEN)


def _print(measured: dict[str, Rounds], scaled: float, rounds: int) -> None:
    direct = measured.pop(DIRECT)
    print(f"\nproxy: POST of 1 KB with 14 fields, two of them new, answer of 2 KB, {CONNECTIONS}")
    apart = f"{EVENT_SECONDS * 1e3:g} ms apart"
    print(f"connections; {STREAMS} streams at a time, of {EVENTS} events {apart}")
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{load.USERS:,} users; {rounds} rounds of {TURNS} turns, medians; {machine}")
    print(
        f"{'':<20}{'CPU us':>8}{'per core':>10}{'x envoy':>9}{'x nginx':>9}{'x aiohttp':>11}"
        f"{'p50 us':>8}{'p99 us':>8}{'added p50':>11}{'asleep':>8}{'added p99':>11}"
        f"{'event us':>10}{'x envoy':>9}{'errors':>8}"
    )
    for what, of in measured.items():
        print(
            f"{what:<20}{of.cpu:>8.1f}{1e6 / of.cpu:>10.0f}"
            f"{of.times(measured[ENVOY]):>9.2f}{of.times(measured[NGINX]):>9.2f}"
            f"{of.times(measured[AIOHTTP]):>11.2f}"
            f"{median(of.p50_us):>8.0f}{median(of.p99_us):>8.0f}"
            f"{_added(of.alone_p50_us, direct.alone_p50_us):>11.0f}"
            f"{_added(of.asleep_p50_us, direct.asleep_p50_us):>8.0f}"
            f"{_added(of.alone_p99_us, direct.alone_p99_us):>11.0f}"
            f"{median(of.event_us):>10.1f}{of.event_times(measured[ENVOY]):>9.2f}{of.errors:>8}"
        )
    _verdicts(measured, direct, scaled)


def _added(through: list[int], direct: list[int]) -> float:
    return median(one - other for one, other in zip(through, direct, strict=True))


def _verdicts(measured: dict[str, Rounds], direct: Rounds, scaled: float) -> None:
    ours, envoy = measured[OURS], measured[ENVOY]
    added = [_added(of.alone_p50_us, direct.alone_p50_us) for of in (ours, envoy)]
    asleep = [_added(of.asleep_p50_us, direct.asleep_p50_us) for of in (ours, envoy)]
    off = measured[OURS_UNWATCHED]
    _verdict("CPU for each request, of Envoy's", ours.times(envoy), floor=1.0, aim=0.65)
    _verdict("CPU for each request, of nginx's", ours.times(measured[NGINX]), floor=4.5, aim=2.7)
    _verdict("times aiohttp's requests", measured[AIOHTTP].times(ours), floor=3.5, aim=6.0)
    _verdict("CPU for each event, of Envoy's", ours.event_times(envoy), floor=1.3, aim=1.0)
    _verdict("added p50, of Envoy's", added[0] / added[1], floor=1.0, aim=0.5)
    _verdict("the same where CPUs sleep", asleep[0] / asleep[1], floor=1.0, aim=0.5)
    _verdict("kept only, of tee off", measured[OURS_KEPT].times(off), floor=1.15, aim=1.05)
    _verdict("tee on, of tee off", ours.times(off), floor=1.15, aim=1.05)
    _verdict("two workers, of one", scaled, floor=1.5, aim=1.7)


def _verdict(what: str, figure: float, *, floor: float, aim: float) -> None:
    """Say whether a figure keeps to its floor and reaches its aim, which says which way is good."""
    more = aim > floor
    word = "at least" if more else "at most"

    def kept(bound: float) -> str:
        return "kept" if (figure >= bound if more else figure <= bound) else "MISSED"

    print(
        f"{what:<34}{figure:>6.2f}  floor {word} {floor:g}: {kept(floor)};"
        f" aim {word} {aim:g}: {kept(aim)}"
    )
