from __future__ import annotations

import math

import pytest

from shadowmon.evidence import alarm
from shadowmon.evidence.chains import Chain
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Counts, Side
from tests.streams import a_claim


PROCESS = bet_on(a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE), assumed_noise=0.03)


def advance(chain: Chain | None, counts: Counts) -> Chain:
    return alarm.advance(
        chain, PROCESS, counts, pairs=sum(counts), restart_pairs=100, alarm_pairs=1_000
    )


def log_e_of(counts: Counts) -> float:
    return float(PROCESS.log_e_value(PROCESS.log_wealth(counts)))


def test_the_statistic_is_what_all_copies_own_together():
    """Every copy begins with a stake of 1, after every so many pairs."""
    chain = advance(advance(None, (0, 0, 0, 0, 0)), (100, 0, 0, 0, 0))
    chain = advance(chain, (150, 4, 0, 0, 0))

    expected = math.exp(log_e_of((150, 4, 0, 0, 0))) + math.exp(log_e_of((50, 4, 0, 0, 0)))
    assert math.exp(alarm.read(chain, 100, 1_000).log_statistic) == pytest.approx(expected)


def test_an_alarm_is_raised_at_as_many_copies_as_make_the_mean_time():
    """A thousand pairs to a false alarm, a copy each hundred: eleven copies' worth."""
    quiet = advance(None, (10, 1, 0, 0, 0))
    loud = advance(quiet, (10, 9, 0, 0, 0))

    assert not alarm.read(quiet, 100, 1_000).raised
    assert alarm.read(loud, 100, 1_000).raised
    assert math.exp(alarm.read(loud, 100, 1_000).log_threshold) == pytest.approx(11)


def test_an_alarm_lasts_while_the_evidence_does_and_then_begins_anew():
    """When the statistic falls below its threshold a single fresh copy is left."""
    loud = advance(None, (10, 9, 0, 0, 0))

    still = advance(loud, (20, 9, 0, 0, 0))
    over = advance(still, (140, 9, 0, 0, 0))

    assert alarm.read(still, 100, 1_000).raised
    assert (over.copies, over.cut_at) == (1, 149)
    assert alarm.read(over, 100, 1_000).log_statistic == pytest.approx(0)
    assert advance(over, (140, 9, 0, 0, 0)) == over
