"""
What users feel of scoring: how long their answers take while scoring is idle, and while it is not.

Requests come at a fixed pace, whether or not the last answer is there, so that a stall is counted
for everyone who waits in it. Scoring is what scorer processes do, the whole text panel on pairs of
real answers, in processes that never rest, one more than there are CPUs, niced or of the idle class
(SCHED_IDLE, sched(7)) as `scoring.scheduling` says; for contrast in one process that stands aside
for nobody. The last column is the price: what share of all CPUs scoring still gets where something
else, not niced, would take each of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
import tempfile
import time

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.proxy_ours import shadowmon_proxy
from benchmarks.scoring.text import long_pairs
from shadowmon.scoring.settings import Scheduling, ScoringSettings
from shadowmon.scoring.text.scorer import TextScorer
from tests.factories import a_pair, a_reply


PACE = 300
"""Requests per second."""
AT_MOST = 3.0
"""p99 beside scoring as it is by default, as a multiple of p99 without."""

_BODY = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * 900 + b'"}]}'
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"X-User: u1\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one process stands aside."""

    nice: int = 0
    policy: int = os.SCHED_OTHER


def main(quick: bool) -> None:
    """Print the table; a quick run is rougher."""
    rounds, seconds = (2, 2.0) if quick else (5, 6.0)
    modes = _modes()
    got: dict[str, list[tuple[float, float]]] = {mode: [] for mode in modes}
    anywhere = None  # here the kernel decides who runs where, as it will in production
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            servers.model_server(folder, cpu=anywhere) as model,
            shadowmon_proxy(folder, model.port, cpu=anywhere) as proxy,
        ):
            paced(proxy.port, seconds=1.0)
            for _ in range(rounds):
                for mode, processes in modes.items():
                    with _working(processes):
                        got[mode].append(paced(proxy.port, seconds=seconds))
    _print(got, {mode: _share(modes[mode], seconds=seconds) for mode in modes})


def _modes() -> dict[str, list[Standing]]:
    """Return the processes of each row, by its name; those of settings by their word."""
    busy = (os.cpu_count() or 1) + 1
    niced = Standing(nice=ScoringSettings().nice)
    idle_class = Standing(nice=niced.nice, policy=os.SCHED_IDLE)
    return {
        "none": [],
        f"{busy} {Scheduling.ONE_NICED}": [niced, *[idle_class] * (busy - 1)],
        f"{busy} {Scheduling.NICED}": [niced] * busy,
        f"{busy} {Scheduling.IDLE}": [idle_class] * busy,
        "1 as everybody": [Standing()],
    }


def _print(got: dict[str, list[tuple[float, float]]], shares: dict[str, float]) -> None:
    print(
        f"\nusers: {PACE} requests per second through one data-plane worker; {os.cpu_count()} CPUs"
    )
    print(f"{'scoring':<18}{'p50 ms':>8}{'p99 ms':>8}{'p99 x none':>12}{'of a full machine':>19}")
    without = median(p99 for _, p99 in got["none"])
    for mode, rounds in got.items():
        p50, p99 = median(p50 for p50, _ in rounds), median(p99 for _, p99 in rounds)
        share = f"{shares[mode]:.1%}" if shares[mode] else "-"
        print(f"{mode:<18}{p50 * 1e3:>8.2f}{p99 * 1e3:>8.2f}{p99 / without:>12.1f}{share:>19}")
        if mode.endswith(ScoringSettings().scheduling):
            kept = "kept" if p99 / without <= AT_MOST else "MISSED"
            print(f"  by default: p99 {p99 / without:.1f} x none (at most {AT_MOST:g}: {kept})")


def _share(processes: Sequence[Standing], *, seconds: float) -> float:
    """Return what of all CPUs these processes get while others want each of them."""
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    with _alive(others), _working(processes) as ours:
        time.sleep(1.0)
        before = sum(servers.cpu_seconds(pid) for pid in ours)
        time.sleep(seconds)
        ran = sum(servers.cpu_seconds(pid) for pid in ours) - before
    return ran / seconds / len(others)


def paced(port: int, *, seconds: float) -> tuple[float, float]:
    """Return the median and the 99th percentile of the seconds that an answer takes."""
    taken: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for number in range(int(seconds * PACE)):
            due = began + number / PACE
            time.sleep(max(0.0, due - time.perf_counter()))
            sock.sendall(_REQUEST)
            _read_answer(sock)
            taken.append(time.perf_counter() - due)
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


def _read_answer(sock: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _some(sock)


def _some(sock: socket.socket) -> bytes:
    data = sock.recv(65_536)
    if not data:
        msg = "the proxy closed the connection"
        raise SystemExit(msg)
    return data


@contextlib.contextmanager
def _working(processes: Sequence[Standing]) -> Iterator[list[int]]:
    """Keep these processes busy; yields their ids."""
    context = multiprocessing.get_context("fork")
    busy = [context.Process(target=_work, args=(each,), daemon=True) for each in processes]
    with _alive(busy):
        yield [process.pid for process in busy if process.pid]


@contextlib.contextmanager
def _alive(processes: Sequence[BaseProcess]) -> Iterator[None]:
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _work(standing: Standing) -> None:
    os.nice(standing.nice)
    os.sched_setscheduler(0, standing.policy, os.sched_param(0))
    scorer = TextScorer(ScoringSettings())
    pairs = [a_pair(a_reply(one), a_reply(other)) for one, other in long_pairs()]
    while True:
        for pair in pairs:
            scorer.score(pair)


def _spin() -> None:
    while True:
        pass
