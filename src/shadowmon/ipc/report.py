"""
What scoring workers tell the control process, over a packet socket that never blocks.

Everything that is counted is told as a total since the worker's start, so that a report that is
lost, repeated or late does no harm: the newest one of each worker stands. Totals of a worker that
died are kept by whoever received them.
"""

from __future__ import annotations

import socket

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shadowmon.records import Awaiting, Cell, Counts, Exposure


PACKET_MAX = 100_000
"""Bytes; a report that would be larger is told in several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One cell's counts, as one worker knows them."""

    cell: Cell
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One number that only grows: `name` and its labels, as the metrics will show it."""

    name: str
    labels: tuple[str, ...] = ()
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Some of what one worker has counted since it started."""

    worker: str
    """The worker's incarnation: another one after each start."""
    accounts: tuple[Account, ...] = ()
    tallies: tuple[Tally, ...] = ()
    gauges: tuple[Tally, ...] = ()
    """Numbers of this moment: queue lengths."""
    awaiting: tuple[Awaiting, ...] = ()
    """Told once, unlike everything else."""
    exposures: tuple[Exposure, ...] = ()
    """Told once too."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Report)


def send(sock: socket.socket, report: Report) -> bool:
    """Tell a report that is known to fit; False if there was no room. Never waits."""
    try:
        sock.send(_encoder.encode(report))
    except OSError:
        return False
    return True


def receive(sock: socket.socket) -> Report | None:
    """
    Take the next report; None if the other side is gone for good.

    Raises:
        BlockingIOError: If there is none now.

    """
    packet = sock.recv(4 * PACKET_MAX)
    return _decoder.decode(packet) if packet else None


def parts(
    worker: str,
    *,
    accounts: Iterable[Account] = (),
    tallies: Iterable[Tally] = (),
    gauges: Iterable[Tally] = (),
    awaiting: Iterable[Awaiting] = (),
    exposures: Iterable[Exposure] = (),
    each: int = 64,
) -> Iterator[Report]:
    """Cut a long report into ones of at most `each` accounts, tallies and waiting pairs."""
    rest = _Rest(list(accounts), list(tallies), list(gauges), list(awaiting), list(exposures))
    while rest:
        yield rest.take(worker, each)


@dataclass(slots=True)
class _Rest:
    accounts: list[Account] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    gauges: list[Tally] = field(default_factory=list)
    awaiting: list[Awaiting] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self._all())

    def _all(self) -> tuple[list[Any], ...]:
        return self.accounts, self.tallies, self.gauges, self.awaiting, self.exposures

    def take(self, worker: str, each: int) -> Report:
        report = Report(
            worker=worker,
            accounts=tuple(self.accounts[:each]),
            tallies=tuple(self.tallies[:each]),
            gauges=tuple(self.gauges[:each]),
            awaiting=tuple(self.awaiting[:each]),
            exposures=tuple(self.exposures[:each]),
        )
        for items in self._all():
            del items[:each]
        return report


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return (to write, to read), both non-blocking."""
    write, read = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (write, read):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * PACKET_MAX)
    return write, read
