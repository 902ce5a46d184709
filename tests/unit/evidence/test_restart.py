from __future__ import annotations

import json
import math

import numpy as np
import pytest

from scipy.special import zeta

from shadowmon.evidence import chains, restart
from shadowmon.evidence.chains import Chain
from shadowmon.evidence.eprocess import bet_on
from shadowmon.records import Contrast, Counts, Side
from tests.streams import a_claim


PROCESS = bet_on(a_claim(Contrast.ABSOLUTE_RISE, 0.05, Side.WORSE), assumed_noise=0.03)


def advance(chain: Chain | None, counts: Counts) -> Chain:
    return restart.advance(chain, PROCESS, counts, pairs=sum(counts), restart_pairs=100)


def log_e_of(counts: Counts) -> float:
    return float(PROCESS.log_e_value(PROCESS.log_wealth(counts)))


def log_e_of_copies(chain: Chain) -> float:
    return float(np.logaddexp.reduce(chain.log_wealth))


def test_all_shares_together_are_one():
    """A million shares and the integral of the rest sum to 1."""
    given = math.fsum(math.exp(restart.log_share(number)) for number in range(1_000_000))
    rest = math.exp(restart.log_share(0)) * 1_000_000.5**-0.1 / 0.1

    assert given < 1
    assert given + rest == pytest.approx(1, abs=1e-6)


def test_the_sum_of_all_shares_is_scipys_to_the_last_bit():
    """What is written down is what was computed at each start: no e-value moved by a bit."""
    assert float(zeta(restart.FALL)) == restart._SUM


def test_the_chain_is_the_weighted_average_of_its_copies():
    """Each copy's wealth is that of the pairs since it began, times its share."""
    accounts = [(40, 0, 0, 0, 0), (100, 3, 2, 0, 0), (150, 9, 2, 0, 0), (200, 30, 2, 0, 1)]
    begun: list[Counts] = [(0, 0, 0, 0, 0), accounts[1], accounts[3]]

    chain = None
    for account in accounts:
        chain = advance(chain, account)

    assert chain is not None
    since = [tuple(np.subtract(accounts[-1], begin).tolist()) for begin in begun]
    terms = [restart.log_share(number) + log_e_of(pairs) for number, pairs in enumerate(since)]
    assert chain.copies == len(begun)
    assert log_e_of_copies(chain) == pytest.approx(np.logaddexp.reduce(terms))


def test_looking_twice_changes_nothing():
    """The same account leaves the chain as it is, also just after a cut."""
    chain = advance(advance(None, (10, 1, 0, 0, 0)), (150, 9, 2, 0, 0))

    assert advance(chain, (150, 9, 2, 0, 0)) == chain


def test_one_look_cuts_once_however_much_came():
    """A thousand pairs at once are one cut: when a copy begins is not chosen afterwards."""
    chain = advance(advance(None, (0, 0, 0, 0, 0)), (1000, 0, 0, 0, 0))

    assert (chain.copies, chain.cut_at) == (2, 1000)


def test_a_lost_state_goes_on_with_a_share_that_was_not_given_out():
    """Without memory copy 0 is read off the account, and numbering skips all that may have been."""
    chain = advance(None, (1000, 20, 10, 0, 0))

    assert chain.copies == 1 + 1030 // 100
    assert log_e_of_copies(chain) == pytest.approx(
        restart.log_share(0) + log_e_of((1000, 20, 10, 0, 0))
    )


def test_an_account_that_shrank_begins_again_with_the_next_share():
    """When a replica's pairs are lost only a fresh copy runs on, numbered after all before it."""
    chain = advance(advance(None, (0, 0, 0, 0, 0)), (500, 50, 0, 0, 0))

    after = advance(chain, (300, 20, 0, 0, 0))

    assert after.copies == chain.copies + 1
    assert after.cut_at == 320
    assert log_e_of_copies(after) == pytest.approx(restart.log_share(chain.copies))


def test_a_chain_of_other_bets_counts_as_lost():
    """A state whose shape does not fit the bets is never an error."""
    chain = Chain(copies=3, cut_at=10, counts=(0, 0, 0, 0, 0), log_wealth=(0.0,))

    assert advance(chain, (10, 0, 0, 0, 0)) == advance(None, (10, 0, 0, 0, 0))


def test_half_is_bet_from_the_start_and_half_by_the_chain():
    """E_roll is the mean of the e-value from the start and the sum over copies."""
    chain = Chain(copies=1, cut_at=0, counts=(0,) * 5, log_wealth=(math.log(3), math.log(4)))

    assert restart.log_e_value(math.log(13), chain) == pytest.approx(math.log(10))


def test_a_chain_survives_json_exactly():
    """What comes back from JSON is the very chain, to the last bit."""
    chain = advance(advance(None, (10, 1, 0, 0, 0)), (10**7, 9, 2, 0, 3))

    assert chains.from_json(json.loads(json.dumps(chains.to_json(chain), allow_nan=False))) == chain
