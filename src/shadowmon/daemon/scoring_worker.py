"""
A scoring worker: exchanges in, calls to the models, pairs to the scorers, counts out.

`python -m shadowmon.daemon.scoring_worker`. It runs niced, beside the data plane, never in it. All
that it counts it tells as totals since its start; if it is killed, what it had not told is lost,
and nothing is ever counted twice.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket

from collections.abc import Sequence

import structlog

from shadowmon.clock import Clock, SystemClock
from shadowmon.config.wire import from_wire
from shadowmon.daemon.children import die_with_parent
from shadowmon.daemon.intake import Intake
from shadowmon.ipc import counted, handover, report
from shadowmon.ipc.board import Board, Head
from shadowmon.ipc.report import Account, Tally
from shadowmon.records import Awaiting, Exposure
from shadowmon.telemetry import logs
from shadowmon.telemetry.loop_lag import watch_lag


log = structlog.get_logger()

_AWAITING_MAX = 20_000
"""Waiting pairs that are kept while the control process is away; older ones are given up."""
_LEARN_SECONDS = 10.0
_TAKE_MAX = 64
"""Exchanges that are read in one go, about, so that other work gets its turn."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="shadowmon.daemon.scoring_worker")
    for name in ("settings", "board", "handover", "report", "counted"):
        parser.add_argument(f"--{name}-fd", type=int, required=True)
    parser.add_argument("--place", required=True, help="its own name, and its successors'")
    arguments = parser.parse_args(argv)
    die_with_parent(os.getppid())
    settings = from_wire(read_whole(arguments.settings_fd))
    logs.configure(settings.telemetry, process="scoring")
    return asyncio.run(
        _run(
            Intake.build(settings, Board(arguments.board_fd), SystemClock()),
            socket.socket(fileno=arguments.handover_fd),
            socket.socket(fileno=arguments.report_fd),
            arguments.counted_fd,
            place=arguments.place,
        )
    )


def read_whole(fd: int) -> bytes:
    """Read a memory file that several processes share, from its beginning."""
    return os.pread(fd, os.fstat(fd).st_size, 0)


async def _run(
    intake: Intake,
    exchanges: socket.socket,
    reports: socket.socket,
    counted_fd: int,
    *,
    place: str,
) -> int:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    reporter = Reporter(intake, reports, SystemClock(), place=place, counted_fd=counted_fd)
    await reporter.learn()

    def take() -> None:
        taken = 0
        while taken < _TAKE_MAX:
            try:
                packet = handover.receive(exchanges)
            except BlockingIOError:
                return
            except handover.LostError as lost:
                intake.lose(lost)
                taken += lost.exchanges
                continue
            if not packet:
                loop.remove_reader(exchanges)
                return
            taken += len(packet)
            for exchange in packet:
                intake.offer(exchange)

    async with intake:
        loop.add_reader(exchanges, take)
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(intake.work())
            tell = tasks.create_task(reporter.run())
            lag = tasks.create_task(watch_lag(intake.tallies, "scoring", SystemClock()))
            await stopping.wait()
            loop.remove_reader(exchanges)
            await intake.drain()
            work.cancel()
            tell.cancel()
            lag.cancel()
        reporter.tell()
    return 0


class Reporter:
    """Tells the control process what was counted."""

    def __init__(
        self,
        intake: Intake,
        sock: socket.socket,
        clock: Clock,
        *,
        place: str,
        counted_fd: int,
    ) -> None:
        self._intake = intake
        self._sock = sock
        self._clock = clock
        self._counted_fd = counted_fd
        # Its place, and what tells it from its predecessors there (daemon/census.py).
        self._name = f"{place}/{clock.now().timestamp():.6f}"
        self._life = -1
        self._awaiting: list[Awaiting] = []
        self._exposures: list[Exposure] = []

    async def learn(self) -> None:
        """Wait until the control process has told by which metrics to count, or for long."""
        deadline = self._clock.monotonic() + _LEARN_SECONDS
        while self._intake.board.head(Head.CONTROL_LIFE) == 0:
            if self._clock.monotonic() > deadline:
                return
            await self._clock.sleep(0.02)
        self._intake.count_by(counted.read(self._counted_fd))

    async def run(self) -> None:
        """Tell again and again."""
        while True:
            await self._clock.sleep(self._intake.flush_seconds)
            self.tell()

    def tell(self) -> None:
        """Tell everything that changed; everything, if the control process was started anew."""
        life = self._intake.board.head(Head.CONTROL_LIFE)
        if life != self._life:
            self._intake.count_by(counted.read(self._counted_fd))
            self._intake.mark_all_changed()
            self._life = life
        self._awaiting += self._intake.take_awaiting()
        self._exposures += self._intake.take_exposures()
        for waiting in (self._awaiting, self._exposures):
            del waiting[: max(0, len(waiting) - _AWAITING_MAX)]
        changed = self._intake.take_changed()
        accounts = [Account(cell=cell, counts=counts) for cell, counts in changed.items()]
        told = all(
            report.send(self._sock, part)
            for part in report.parts(
                self._name,
                accounts=accounts,
                tallies=self._intake.tallies.snapshot(),
                gauges=self._gauges(),
            )
        )
        if not told:
            # There is no room, or nobody reads: all of it is told again later.
            self._intake.mark_all_changed()
        self._tell_awaiting()

    def _tell_awaiting(self) -> None:
        while self._awaiting or self._exposures:
            part = next(
                report.parts(self._name, awaiting=self._awaiting, exposures=self._exposures)
            )
            if not report.send(self._sock, part):
                return
            del self._awaiting[: len(part.awaiting)]
            del self._exposures[: len(part.exposures)]

    def _gauges(self) -> tuple[Tally, ...]:
        return self._intake.gauges()


if __name__ == "__main__":
    raise SystemExit(main())
