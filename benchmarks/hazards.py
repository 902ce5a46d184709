"""
The hazards of HTTP/1.1 that stand in tests/hazards, played with nginx, Envoy and our own proxy.

All three are set up as one sets them up for model servers: no buffering, a pool of connections,
WebSocket allowed, no limit on a whole answer, and one second of patience for heads and between two
pieces of a body. "envoy, retries" is Envoy that also sends a request once more when its connection
is reset.

Behind the table: what became of mutated requests, and on how many connections to the model server
h11 and llhttp saw different requests. `python -m benchmarks.hazards --seed 7 --mutants 3000` plays
that alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import tempfile

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import proxy_ours, proxy_peers
from benchmarks.servers import Server
from tests.hazards.fuzz import Outcome, fuzz
from tests.hazards.mutants import mutants
from tests.hazards.suite import HAZARDS, TIMEOUT_SECONDS, Hazard, a_stage


OURS = "shadowmon"
_PLAY_SECONDS = 30.0
_WAIT = int(TIMEOUT_SECONDS)

Maker = Callable[[Path, int], contextlib.AbstractContextManager[Server]]

PROXIES: dict[str, Maker] = {
    OURS: lambda to, up: proxy_ours.shadowmon_proxy(
        to, up, cpu=None, weight=0, settings=proxy_ours.impatient(TIMEOUT_SECONDS)
    ),
    "nginx": lambda to, up: proxy_peers.nginx_proxy(to, up, cpu=None, timeout_seconds=_WAIT),
    "envoy": lambda to, up: proxy_peers.envoy_proxy(to, up, cpu=None, timeout_seconds=_WAIT),
    "envoy, retries": lambda to, up: proxy_peers.envoy_proxy(
        to, up, cpu=None, timeout_seconds=_WAIT, retries=True
    ),
}


def main(quick: bool) -> None:
    """Print who stands up to what."""
    stood: dict[str, dict[str, str]] = {}
    for name in PROXIES:
        with standing(name) as (server, listening):
            stood[name] = {play.__name__: _played(play, server, listening) for play in HAZARDS}
    _print(stood)
    play_fuzz(seeds=range(1, 4) if quick else range(1, 11), count=300)


def play_fuzz(*, seeds: Iterable[int], count: int) -> None:
    """Print what became of so many mutants of each seed."""
    print(f"\nfuzz: {count} mutated requests of each seed; connections on which two readers differ")
    print(f"{'':<18}{'seeds':>8}{'sent':>8}{'forwarded':>11}{'disagreements':>15}")
    seeds = tuple(seeds)
    for name in PROXIES:
        outcomes = [_fuzzed(name, seed, count) for seed in seeds]
        print(
            f"{name:<18}{len(seeds):>8}{sum(each.sent for each in outcomes):>8}"
            f"{sum(each.forwarded for each in outcomes):>11}"
            f"{sum(len(each.disagreements) for each in outcomes):>15}"
        )
        for raw in {raw for each in outcomes for raw in each.disagreements if name == OURS}:
            print(f"  {raw[-300:]!r}")


def _fuzzed(name: str, seed: int, count: int) -> Outcome:
    async def on_stage(port: int, listening: socket.socket) -> Outcome:
        async with a_stage(port, listening) as stage:
            return await fuzz(stage, mutants(seed, count))

    with standing(name) as (server, listening):
        return asyncio.run(on_stage(server.port, listening))


@contextlib.contextmanager
def standing(name: str) -> Iterator[tuple[Server, socket.socket]]:
    """Start one of the proxies; yields it and where it expects its model server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0), backlog=64) as listening,
        PROXIES[name](Path(folder), listening.getsockname()[1]) as server,
    ):
        yield server, listening


def _played(play: Hazard, server: Server, listening: socket.socket) -> str:
    """Return why a proxy did not stand up to it; empty if it did."""

    async def on_stage() -> None:
        async with a_stage(server.port, listening) as stage, asyncio.timeout(_PLAY_SECONDS):
            await play(stage)

    try:
        asyncio.run(on_stage())
    except TimeoutError:
        return "it hangs"
    except (AssertionError, OSError, asyncio.IncompleteReadError) as error:
        return str(error).splitlines()[0][:80] if str(error) else "no"
    return ""


def _print(stood: dict[str, dict[str, str]]) -> None:
    print(f"\nhazards: {len(HAZARDS)} of HTTP/1.1, a raw user before and a raw model server behind")
    width = max(len(play.__name__) for play in HAZARDS) + 2
    print(f"{'':<{width}}" + "".join(f"{name:>16}" for name in stood))
    for play in HAZARDS:
        marks = ["-" if not stood[name][play.__name__] else "FAILS" for name in stood]
        if any(mark == "FAILS" for mark in marks):
            print(f"{play.__name__:<{width}}" + "".join(f"{mark:>16}" for mark in marks))
    fails = {name: sum(map(bool, found.values())) for name, found in stood.items()}
    print(f"{'failures':<{width}}" + "".join(f"{count:>16}" for count in fails.values()))
    fewest = min(count for name, count in fails.items() if name != OURS)
    kept = "kept" if fails[OURS] < fewest else "MISSED"
    print(f"failures of ours: {fails[OURS]} (fewer than {fewest}: {kept})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hazards", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--mutants", type=int, default=300, metavar="N")
    asked = parser.parse_args()
    play_fuzz(seeds=[asked.seed], count=asked.mutants)
