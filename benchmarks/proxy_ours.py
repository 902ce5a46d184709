"""Our own data plane, as the daemon starts it: real worker processes on one listening socket."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Server, running
from shadowmon.ipc.board import Board, Count, TrialCell
from shadowmon.ipc.handover import socket_pair
from shadowmon.proxy import plan as plans
from shadowmon.proxy.plan import PlannedRoute, PlannedTrial, make_plan, planned_model
from shadowmon.proxy.settings import ProxySettings


WEIGHT = 2500
"""Basis points of users who meet the optimized model, picked by their sticky key."""
_PACKET_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class OurServer(Server):
    """Workers of ours, and what they count."""

    board: Board

    def count(self, count: Count) -> int:
        """Return a counter's sum over all workers."""
        return sum(self.counts(count))

    def counts(self, count: Count) -> list[int]:
        """Return a counter, worker by worker."""
        return [self.board.slot(each).count(count) for each in range(len(self.pids))]


def impatient(seconds: float = 1.0) -> ProxySettings:
    """Return settings whose waits are short, for tests of who is too slow."""
    return ProxySettings(
        head_timeout_seconds=seconds,
        stream_idle_timeout_seconds=seconds,
        first_byte_timeout_seconds=60.0,
    )


@contextlib.contextmanager
def shadowmon_proxy(
    folder: Path,
    upstream: int,
    *,
    cpu: int | None,
    sample_rate: float = 1.0,
    reader_cpu: int | None = None,
    workers: int = 1,
    weight: int = WEIGHT,
    hands_over: bool = True,
    settings: ProxySettings | None = None,
) -> Iterator[OurServer]:
    """
    Run data-plane workers with a trial on their one route, their tee on, and someone reading.

    Args:
        folder: For its files; it has none.
        upstream: The model servers' port, of both arms.
        cpu: Where the workers run; None: anywhere.
        sample_rate: Share of requests that are handed over.
        reader_cpu: Where the one who takes what is handed over runs; None: as the workers.
        workers: Processes.
        weight: The optimized model's, in basis points.
        hands_over: False: what is to be handed over is let go instead.
        settings: Of the proxy.

    """
    del folder
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        listener.setblocking(False)
        board = Board.create()
        stack.callback(board.close)
        board.set_trial(0, TrialCell.ACTIVE, 1)
        board.set_trial(0, TrialCell.WEIGHT, weight)
        write, read = socket_pair()
        stack.enter_context(write)
        stack.enter_context(_reader(read, cpu=cpu if reader_cpu is None else reader_cpu))
        read.close()
        port = listener.getsockname()[1]
        started = []
        for number in range(workers):
            plan_fd = _plan_file(upstream, sample_rate, number, settings or ProxySettings())
            stack.callback(os.close, plan_fd)
            fds = {
                "--plan-fd": plan_fd,
                "--listen-fd": listener.fileno(),
                "--board-fd": board.fd,
            }
            if hands_over:
                fds["--handover-fd"] = write.fileno()
            arguments = [sys.executable, "-m", "shadowmon.proxy.worker"]
            arguments += [text for name, fd in fds.items() for text in (name, str(fd))]
            running_one = running(arguments, port=port, cpu=cpu, keep=tuple(fds.values()))
            started.append(stack.enter_context(running_one).pid)
        yield OurServer(port=port, pid=started[0], more=tuple(started[1:]), board=board)


def _plan_file(upstream: int, sample_rate: float, worker: int, settings: ProxySettings) -> int:
    plan = make_plan(
        proxy=settings,
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
        worker=worker,
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
