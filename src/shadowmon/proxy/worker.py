"""
python -m shadowmon.proxy.worker: one data-plane process, started by the daemon.

It is given everything by number: a plan to read, the listening socket that all workers share, the
board, and the socket that exchanges are handed over on. It writes one line of JSON to standard
error when it begins and one when it ends, of a certificate that changed, and of a model that cannot
be reached or can be again; everything else that it has to tell is on the board.

Rule 1: it outlives control and scoring, and goes on with the last weights; it ends with its parent.
Rule 2: SIGTERM stops accepting at once; requests under way have `drain_seconds` to end.
Rule 3: it imports little: neither configuration nor web framework nor numerics, for a user's
        request waits for nothing but this (tests/integration/proxy/test_worker.py).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys

from collections.abc import Callable, Mapping, Sequence

import msgspec

from shadowmon.clock import SystemClock
from shadowmon.ipc.board import Board
from shadowmon.proxy import plan as plans
from shadowmon.proxy.door import Door
from shadowmon.proxy.plan import Plan
from shadowmon.proxy.station import Station


_PR_SET_PDEATHSIG = 1
_DESCRIPTORS_PER_CONNECTION = 2
_DESCRIPTORS_BESIDE = 256
_SETTLE_SECONDS = 0.05
"""What was accepted just before we stopped accepting becomes a connection within this time."""
_GC_THRESHOLDS = (50_000, 50, 100)
"""A passage leaves no cycles behind, so the collector finds nothing; it need not look often."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, or until the parent is gone."""
    given = _parser().parse_args(argv)
    plan = plans.decode(_read(given.plan_fd))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, who tells us
    if not _bound_to(plan.parent_pid):
        return 0
    _allow_descriptors(plan.limits.connections_max)
    listener = socket.socket(fileno=given.listen_fd)
    handover = socket.socket(fileno=given.handover_fd) if given.handover_fd is not None else None
    board = Board(given.board_fd)
    loop_factory, loop_name = _loop_factory()

    def serving() -> None:
        _say("proxy.worker_started", worker=plan.worker, pid=os.getpid(), loop=loop_name)
        if given.serving_fd is not None:
            os.eventfd_write(given.serving_fd, 1)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        cut = runner.run(serve(plan, listener, board, handover, serving))
    _say("proxy.worker_stopped", worker=plan.worker, pid=os.getpid(), connections_cut=cut)
    return 0


async def serve(
    plan: Plan,
    listener: socket.socket,
    board: Board,
    handover: socket.socket | None,
    serving: Callable[[], None],
) -> int:
    """
    Serve until SIGTERM, then drain.

    Args:
        plan: What to do.
        listener: Where users come in.
        board: Counters and weights.
        handover: Where exchanges go; None: nowhere.
        serving: Called as soon as users are accepted.

    Returns:
        How many connections were still open when the time to drain was over.

    """
    loop = asyncio.get_running_loop()
    clock = SystemClock()

    def say(event: str, fields: Mapping[str, str | float]) -> None:
        _say(event, worker=plan.worker, **fields)

    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncio.TaskGroup() as tasks:
        station = Station(
            plan=plan,
            board=board,
            handover=handover,
            clock=clock,
            tasks=tasks,
            own_host=_own_host(listener),
            say=say,
        )
        door = Door(listener, station, tasks, tls=plan.tls, say=say)
        door.open()
        watching = tasks.create_task(door.watch(clock))
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        serving()
        await stop.wait()
        watching.cancel()
        door.close()
        listener.close()  # once nobody has it any more, whoever comes is refused, not kept waiting
        await clock.sleep(_SETTLE_SECONDS)
        station.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(plan.drain_seconds):
                await station.empty.wait()
        cut = len(station.users)
        station.shut()
    return cut


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shadowmon.proxy.worker", description=__doc__)
    parser.add_argument("--plan-fd", type=int, required=True)
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--board-fd", type=int, required=True)
    parser.add_argument("--serving-fd", type=int, help="an eventfd: told once users are accepted")
    parser.add_argument("--handover-fd", type=int, help="none: nothing is handed over")
    return parser


def _read(fd: int) -> bytes:
    """Read a whole pipe, file or memory file."""
    with open(fd, "rb") as file:
        if file.seekable():
            file.seek(0)
        return file.read()


def _bound_to(parent_pid: int) -> bool:
    """Ask the kernel for a SIGTERM when the parent ends; False if it has ended already."""
    if not parent_pid:
        return True
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent_pid


def _allow_descriptors(connections: int) -> None:
    """Raise the soft limit of open files as far as it is needed, and as far as we may."""
    needed = connections * _DESCRIPTORS_PER_CONNECTION + _DESCRIPTORS_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _own_host(listener: socket.socket) -> bytes:
    name = listener.getsockname()
    if listener.family == socket.AF_INET6:
        return f"[{name[0]}]:{name[1]}".encode()
    return f"{name[0]}:{name[1]}".encode() if listener.family == socket.AF_INET else b"localhost"


def _loop_factory() -> tuple[Callable[[], asyncio.AbstractEventLoop], str]:
    """Return uvloop's loop if it is installed (1.3 times fewer cycles for each request)."""
    try:
        import uvloop  # noqa: PLC0415 - it is optional
    except ImportError:
        return asyncio.new_event_loop, "asyncio"
    return uvloop.new_event_loop, "uvloop"


def _say(event: str, **fields: str | float) -> None:
    sys.stderr.buffer.write(msgspec.json.encode({"event": event, **fields}) + b"\n")
    sys.stderr.buffer.flush()


if __name__ == "__main__":
    raise SystemExit(main())
