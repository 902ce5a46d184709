"""
The launcher: `python -m shadowmon.assessors.sandbox.launcher --fd N`. Forks, and watches.

A process of its own, with one thread and little memory: between a fork and an exec, in a process
with threads, hardly anything is safe; and a small process forks fast. It reads orders from the
socket that it inherited, each with the descriptor of a program, and answers each once the last
process of its run is dead. Whatever still runs when the other side closes is killed.

Every message is JSON. First comes a `Start`, answered by a `Ready`; then orders, in any number up
to the places there are, answered in the order in which they end.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shadowmon.assessors.sandbox.confinement import Confinement
from shadowmon.assessors.sandbox.places import Place, places_for
from shadowmon.assessors.sandbox.run import Run
from shadowmon.assessors.sandbox.tiers import Plan, Tier
from shadowmon.assessors.sandbox.verdict import Limits, Ran, Verdict
from shadowmon.clock import Clock, SystemClock


MESSAGE_MAX_BYTES = 16 * 1024

_TRIES = 4
_AGAIN_SECONDS = 0.1
"""After a run that did not start; doubled with each. After a fork bomb its user has no process to
spare for some hundred milliseconds."""
_LAST_SECONDS = 2.0
"""What still runs at the end is waited for no longer."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


@dataclass(slots=True, kw_only=True)
class _Order:
    """A program that was ordered to run."""

    number: int
    program: int
    limits: Limits
    since: float
    not_before: float = 0.0
    tries: int = 0
    run: Run | None = field(default=None)


class Launcher:
    """Runs programs as they are ordered, in as many places as it was given."""

    def __init__(
        self, sock: socket.socket, confinement: Confinement, places: Sequence[Place], clock: Clock
    ) -> None:
        self._socket = sock
        self._confinement = confinement
        self._places = list(places)
        self._clock = clock
        self._orders: list[_Order] = []

    def serve(self) -> None:
        """Run what is ordered until the other side is gone."""
        while self._await():
            self._look()
        self._end_all()

    def _await(self) -> bool:
        """Wait until there is something to do; take orders; return whether there may be more."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        for order in self._orders:
            for descriptor in order.run.descriptors if order.run else ():
                poll.register(descriptor, select.POLLIN)
        ready = poll.poll(self._patience_milliseconds())
        if self._socket.fileno() not in {descriptor for descriptor, _ in ready}:
            return True
        message, descriptors, _, _ = socket.recv_fds(self._socket, MESSAGE_MAX_BYTES, 1)
        if not message:
            return False
        self._orders.append(self._order(json.loads(message), descriptors[0]))
        return True

    def _order(self, message: dict[str, Any], program: int) -> _Order:
        return _Order(
            number=message["number"],
            program=program,
            limits=Limits(**message["limits"]),
            since=self._clock.monotonic(),
        )

    def _patience_milliseconds(self) -> float | None:
        """Return how long to wait at most: until the first deadline, for ever without one."""
        now = self._clock.monotonic()
        waits = [
            (order.run.deadline if order.run else order.not_before) - now
            for order in self._orders
            if order.run or self._places
        ]
        return max(0.0, min(waits)) * 1000 + 1 if waits else None

    def _look(self) -> None:
        now = self._clock.monotonic()
        for order in list(self._orders):
            if order.run:
                order.run.look(now)
                if order.run.is_over:
                    self._end(order, order.run, now)
            elif self._places and order.not_before <= now:
                self._try(order, now)

    def _try(self, order: _Order, now: float) -> None:
        place = self._places.pop()
        order.tries += 1
        try:
            order.run = Run(self._confinement, order.program, order.limits, place, now)
        except OSError as error:
            self._places.append(place)
            self._again(order, now, f"{type(error).__name__}: {error}")

    def _end(self, order: _Order, run: Run, now: float) -> None:
        run.close()
        self._places.append(run.place)
        order.run = None
        if run.verdict is None or run.verdict is Verdict.NOT_STARTED:
            self._again(order, now, run.error)
        else:
            self._answer(
                order, Ran(verdict=run.verdict, error=run.error, seconds=now - order.since)
            )

    def _again(self, order: _Order, now: float, problem: str) -> None:
        if order.tries < _TRIES:
            order.not_before = now + _AGAIN_SECONDS * 2 ** (order.tries - 1)
        else:
            self._answer(order, Ran(verdict=Verdict.NOT_STARTED, error=problem))

    def _end_all(self) -> None:
        """Kill what still runs, and see it dead, in bounded time."""
        runs = [order.run for order in self._orders if order.run]
        for run in runs:
            run.give_up()
        deadline = self._clock.monotonic() + _LAST_SECONDS
        while runs and (now := self._clock.monotonic()) < deadline:
            for run in runs:
                run.look(now)
            runs = [run for run in runs if not run.is_over]
            select.select([], [], [], _LAST_SECONDS / 200)

    def _answer(self, order: _Order, ran: Ran) -> None:
        self._orders.remove(order)
        os.close(order.program)
        with contextlib.suppress(OSError):  # nobody waits for it any more
            self._socket.send(
                _message(
                    number=order.number,
                    verdict=ran.verdict.value,
                    error=ran.error,
                    seconds=ran.seconds,
                )
            )


def _read_start(start: dict[str, Any]) -> tuple[Plan, int]:
    """Return the plan, and how many places are asked for."""
    plan = Plan(
        tier=Tier(start["tier"]),
        interpreter=start["interpreter"],
        folders=tuple(start["folders"]),
        bwrap=start["bwrap"],
    )
    return plan, start["places"]


def _message(**content: object) -> bytes:
    return json.dumps(content).encode("utf-8")


def main(arguments: Sequence[str]) -> int:
    """Serve on the inherited socket; return the exit code."""
    parser = argparse.ArgumentParser(prog="shadowmon.assessors.sandbox.launcher")
    parser.add_argument("--fd", type=int, required=True)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for ignored in (signal.SIGINT, signal.SIGTERM):  # they reach whole groups: we end by our socket
        signal.signal(ignored, signal.SIG_IGN)
    with socket.socket(fileno=parser.parse_args(arguments).fd) as sock:
        start = sock.recv(MESSAGE_MAX_BYTES)
        if not start:
            return 0
        plan, count = _read_start(json.loads(start))
        try:
            confinement = Confinement(plan)
            places = places_for(plan, count)
        except OSError as error:
            sock.send(_message(problem=str(error)))
            return 1
        sock.send(_message(problem=""))
        Launcher(sock, confinement, places, SystemClock()).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
