"""By what share users were divided at a moment, as far as it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shadowmon.daemon.shares import CHANGES_MAX, Shares
from shadowmon.records import Weight
from tests.factories import NOON
from tests.trials import INT8, a_state


SECOND = timedelta(seconds=1)


def wanted(weight, *, applied):
    """Where a trial stands."""
    given = {"desired_weight": Weight(weight), "applied_weight": applied}
    return replace(a_state(NOON), **given)


def test_a_share_counts_while_it_is_known_to_be_in_force():
    """From when it was read back until another one is wanted; in between nobody knows."""
    shares = Shares()
    shares.note(wanted(100, applied=100), NOON)
    shares.note(wanted(500, applied=100), NOON + SECOND)
    shares.note(wanted(500, applied=500), NOON + 3 * SECOND)

    moments = (NOON - SECOND, NOON, NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * SECOND, None)
    assert [shares.at(INT8, moment) for moment in moments] == [None, 100, None, None, 500, 500]


def test_another_hands_weight_is_no_known_share():
    """What was found instead of the wanted weight may be anywhere on its way."""
    shares = Shares()
    shares.note(wanted(100, applied=100), NOON)
    shares.note(wanted(100, applied=300), NOON + SECOND)

    assert shares.at(INT8, NOON) == 100
    assert shares.at(INT8, None) is None


def test_what_is_long_ago_is_not_known():
    """Of a weight that comes and goes the last changes are kept."""
    shares = Shares()
    for second in range(2 * CHANGES_MAX):
        shares.note(wanted(100, applied=100 if second % 2 else None), NOON + second * SECOND)

    assert shares.at(INT8, NOON + SECOND) is None
    assert shares.at(INT8, NOON + (2 * CHANGES_MAX - 1) * SECOND) == 100
    assert shares.at(INT8, NOON + (2 * CHANGES_MAX - 3) * SECOND) == 100
