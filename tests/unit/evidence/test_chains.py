from __future__ import annotations

import numpy as np

from shadowmon.evidence import chains
from shadowmon.evidence.chains import Chain, Rows
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Side
from tests.streams import a_claim


PROCESS = bet_on(a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE), assumed_noise=0.03)
BETS = len(PROCESS.log_shares)


def a_chain(copies: int) -> Chain:
    counts = (90, copies, 2, 8, 0)
    return Chain(copies=copies, cut_at=100, counts=counts, log_wealth=(-float(copies),) * BETS)


def test_rows_are_those_that_are_asked_for():
    """In the order that is asked for, also what is the same object, or equal to another one."""
    first, second, equal = [1, 2], [3, 4], [1, 2]

    rows = Rows([first, second, first, equal]).of([equal, second, first, first])

    assert rows.tolist() == [[1, 2], [3, 4], [1, 2], [1, 2]]


def test_many_chains_are_told_as_they_were_read():
    """Arrays and back again are the very states."""
    states = [chains.to_json(a_chain(copies)) for copies in (1, 7)]

    told = list(chains.tell(chains.read(states, PROCESS), [state["counts"] for state in states]))

    assert told == states
    assert told[1]["counts"] is states[1]["counts"]


def test_what_has_not_begun_or_does_not_fit_is_lost():
    """No state, one of other bets, and one of other places are all as if there had been none."""
    fits = chains.to_json(a_chain(3))
    of_other_bets = fits | {"log_wealth": [0.0]}
    of_other_places = fits | {"counts": [1, 2]}

    read = chains.read([None, of_other_bets, fits, of_other_places], PROCESS)

    assert read.has_begun.tolist() == [False, False, True, False]
    assert read.counts.tolist() == [[0] * 5, [0] * 5, fits["counts"], [0] * 5]
    assert not np.delete(read.log_wealth, 2, axis=0).any()
