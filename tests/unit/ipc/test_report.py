"""What workers tell, in packets that fit."""

from __future__ import annotations

import pytest

from shadowmon.ipc import report
from shadowmon.ipc.report import Account, Report, Tally
from shadowmon.records import (
    Arm,
    Awaiting,
    Cell,
    ExchangeId,
    Exposure,
    MetricName,
    SliceName,
    TrialId,
)
from tests.factories import NOON


CELL = Cell(
    trial_id=TrialId("int8"), epoch=1, stage=0, metric=MetricName("correct"), slice=SliceName("all")
)
ACCOUNTS = [Account(cell=CELL, counts=(2**40,) * 130) for _ in range(200)]
TALLIES = [Tally(name="n", labels=(str(number),), value=1.5) for number in range(100)]
AWAITING = [
    Awaiting(
        trial_id=TrialId("int8"),
        epoch=1,
        exchange_id=ExchangeId(str(number)),
        baseline="a",
        optimized=None,
        slices=frozenset({SliceName("all"), SliceName("rare")}),
        received_at=NOON,
    )
    for number in range(70)
]

EXPOSURES = [
    Exposure(
        trial_id=TrialId("int8"),
        epoch=1,
        stage=2,
        exchange_id=ExchangeId(str(number)),
        arm=Arm.OPTIMIZED,
        received_at=NOON,
    )
    for number in range(70)
]


def test_a_long_report_is_told_in_parts_that_fit_and_lose_nothing():
    """All that goes in comes out, in order, each part within a packet."""
    write, read = report.socket_pair()
    parts = list(
        report.parts(
            "w", accounts=ACCOUNTS, tallies=TALLIES, awaiting=AWAITING, exposures=EXPOSURES
        )
    )

    heard: list[Report] = []
    for part in parts:
        assert report.send(write, part)
        told = report.receive(read)
        assert told is not None
        heard.append(told)

    assert [each for part in heard for each in part.accounts] == ACCOUNTS
    assert [each for part in heard for each in part.tallies] == TALLIES
    assert [each for part in heard for each in part.awaiting] == AWAITING
    assert [each for part in heard for each in part.exposures] == EXPOSURES
    write.close()
    read.close()


def test_when_nobody_reads_it_is_told_at_once():
    """A worker never waits for the control process."""
    write, read = report.socket_pair()
    part = next(report.parts("w", accounts=ACCOUNTS))
    sent = 0
    while report.send(write, part):
        sent += 1
        assert sent < 1_000

    assert sent > 0
    for _ in range(sent):
        assert report.receive(read)
    with pytest.raises(BlockingIOError):
        report.receive(read)
    write.close()
    read.close()
