"""
What users feel of scoring: how long their answers take while scoring is idle, and while it is not.

Requests come at a fixed pace, whether or not the last answer is there, so that a stall is counted
for everyone who waits in it. Scoring is what scorer processes do, the whole text panel on pairs of
real answers, in processes that never rest, one more than there are CPUs; for contrast the same work
is done in one process that is neither niced nor of the idle class (SCHED_IDLE, sched(7)).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
import tempfile
import time

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.proxy_ours import shadowmon_proxy
from benchmarks.scoring.text import long_pairs
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.scorer import TextScorer
from tests.factories import a_pair, a_reply


PACE = 300
"""Requests per second."""
AT_MOST = 3.0
"""p99 beside scoring, as a multiple of p99 without."""

_BODY = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * 900 + b'"}]}'
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"X-User: u1\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


def main(quick: bool) -> None:
    """Print the table; a quick run is rougher."""
    rounds, seconds = (2, 2.0) if quick else (5, 6.0)
    busy = (os.cpu_count() or 1) + 1
    nice = ScoringSettings().nice
    modes = {
        "idle": (0, 0, os.SCHED_OTHER),
        f"{busy} niced, idle class": (busy, nice, os.SCHED_IDLE),
        f"{busy} niced": (busy, nice, os.SCHED_OTHER),
        "1 not niced": (1, 0, os.SCHED_OTHER),
    }
    got: dict[str, list[tuple[float, float]]] = {mode: [] for mode in modes}
    anywhere = None  # here the kernel decides who runs where, as it will in production
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            servers.model_server(folder, cpu=anywhere) as model,
            shadowmon_proxy(folder, model.port, cpu=anywhere) as proxy,
        ):
            _paced(proxy.port, seconds=1.0)
            for _ in range(rounds):
                for mode, (processes, niced, policy) in modes.items():
                    with _working(processes, niced, policy):
                        got[mode].append(_paced(proxy.port, seconds=seconds))
    _print(got)


def _print(got: dict[str, list[tuple[float, float]]]) -> None:
    print(
        f"\nusers: {PACE} requests per second through one data-plane worker; {os.cpu_count()} CPUs"
    )
    print(f"{'scoring':<24}{'p50 ms':>8}{'p99 ms':>8}{'p99 x idle':>12}")
    idle = median(p99 for _, p99 in got["idle"])
    for mode, rounds in got.items():
        p50, p99 = median(p50 for p50, _ in rounds), median(p99 for _, p99 in rounds)
        print(f"{mode:<24}{p50 * 1e3:>8.2f}{p99 * 1e3:>8.2f}{p99 / idle:>12.1f}")
        kept = "kept" if p99 / idle <= AT_MOST else "MISSED"
        if "niced" in mode and mode[0] != "1":
            print(f"  p99 beside scoring, x idle: {p99 / idle:.1f} (at most {AT_MOST:g}: {kept})")


def _paced(port: int, *, seconds: float) -> tuple[float, float]:
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
def _working(processes: int, nice: int, policy: int) -> Iterator[None]:
    """Keep so many processes busy, of this scheduling policy."""
    context = multiprocessing.get_context("fork")
    busy = [
        context.Process(target=_work, args=(nice, policy), daemon=True) for _ in range(processes)
    ]
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.join()


def _work(nice: int, policy: int) -> None:
    os.nice(nice)
    os.sched_setscheduler(0, policy, os.sched_param(0))
    scorer = TextScorer(ScoringSettings())
    pairs = [a_pair(a_reply(one), a_reply(other)) for one, other in long_pairs()]
    while True:
        for pair in pairs:
            scorer.score(pair)
