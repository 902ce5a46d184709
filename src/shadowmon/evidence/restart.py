"""
A sudden change must be found soon, even after a long good stretch.

After 50 000 good pairs the bets that began at the first one have lost nearly all they had; a fresh
loss would have to win all that back first. So the roll-back keeps half of its stake for a chain of
fresh beginnings: after every `restart_pairs` pairs of the account another copy of the bets begins
at that moment, with the next share of this half. Shares fall as (number + 1)^-1.1 and sum to 1, so

    E_roll = 1/2 E_up + 1/2 sum over copies (share x wealth of the copy)

is a weighted average of e-values (a copy that has not begun counts 1 there and 0 here: less). It
still reaches 1/alpha with a chance of at most alpha, over all time (statistics, section 3).

Copies of equal bets are kept as one sum per bet, so the state does not grow.

Rule 1: the moment of a cut, and the number of its share, depend only on what was seen before it.
There is at most one cut per evaluation, and at least `restart_pairs` pairs lie between two of them
(unless a part of the account was lost: then a copy begins at once, and the older ones end).
Rule 2: no share is given out twice. When the state is lost, numbering goes on from the most copies
that could have begun by then.
Rule 3: no restarts for a promotion. They would let a trial climb on a lucky stretch.
"""

from __future__ import annotations

import math

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence.chains import Chain, Chains, from_json, read, tell, to_json
from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers
from shadowmon.records import Counts


FALL = 1.1
_SUM = 10.584448464950803  # of (number + 1)^-1.1 over all numbers: Riemann's zeta(FALL)

_LOG_HALF = -math.log(2)


def log_share(number: int) -> float:
    """Return the logarithm of the share of copy `number`, from 0. All shares sum to 1."""
    return -FALL * math.log(number + 1) - math.log(_SUM)


def advance(
    chain: Chain | None,
    process: EProcess,
    counts: Counts,
    *,
    pairs: int,
    restart_pairs: int,
    log_share: Callable[[int], float] = log_share,
    exponent: float = 1.0,
) -> Chain:
    """
    Bring a chain up to date with its account, and let the next copy begin if it is due.

    Doing it twice with the same account changes nothing.

    Args:
        chain: None at the beginning, or if the state was lost.
        process: The claim's bets.
        counts: The whole account, not what it grew by.
        pairs: How many pairs are in it, missing ones too.
        restart_pairs: The least number of pairs between two cuts.
        log_share: Logarithm of the share that copy `number` begins with.
        exponent: What each bet's wealth is raised to (variance_ratio.py).

    """
    after = advance_all(
        read([None if chain is None else to_json(chain)], process),
        process,
        np.array([counts], dtype=np.int64),
        pairs=np.array([pairs]),
        restart_pairs=restart_pairs,
        log_share=log_share,
        exponent=exponent,
    )
    (state,) = tell(after, [counts])
    return from_json(state)


def advance_all(
    chains: Chains,
    process: EProcess,
    counts: Integers,
    *,
    pairs: Integers,
    restart_pairs: int,
    log_share: Callable[[int], float] = log_share,
    exponent: float = 1.0,
) -> Chains:
    """
    Do as `advance` for the chains of many claims that have the same bets.

    Each becomes what it would alone, to the last bit.

    Args:
        chains: One of each claim.
        process: The bets.
        counts: (claims, places).
        pairs: (claims,).
        restart_pairs: As in `advance`.
        log_share: As in `advance`.
        exponent: As in `advance`.

    """
    grown = counts - chains.counts
    # A part of the account was lost. What it held cannot be told from what remains.
    is_lost = grown.min(axis=1) < 0
    grown[is_lost] = 0
    wealth = chains.log_wealth + process.log_wealth(grown) * exponent
    new = np.flatnonzero(~chains.has_begun)
    wealth[new] += process.log_shares + log_share(0)
    wealth[is_lost] = -np.inf
    after = _cut(chains, is_lost, pairs, restart_pairs)
    cut = np.flatnonzero(chains.has_begun & (after.copies > chains.copies))
    shares = np.array([log_share(number) for number in chains.copies[cut].tolist()])
    wealth[cut] = np.logaddexp(wealth[cut], process.log_shares + shares[:, np.newaxis])
    return replace(after, counts=counts, log_wealth=wealth)


def _cut(chains: Chains, is_lost: NDArray[np.bool_], pairs: Integers, restart_pairs: int) -> Chains:
    """Count the copies, and say when the newest began."""
    is_due = is_lost | (pairs - chains.cut_at >= restart_pairs)
    # Copy 0 begins with the first pair, so it can always be read off the account. If pairs are
    # there already, and this is not truly the beginning, no more copies than these had begun:
    cuts, since = np.divmod(pairs, restart_pairs)
    return replace(
        chains,
        has_begun=np.ones_like(chains.has_begun),
        copies=np.where(chains.has_begun, chains.copies + is_due, 1 + cuts),
        cut_at=np.where(chains.has_begun, np.where(is_due, pairs, chains.cut_at), pairs - since),
    )


def log_e_value(log_e_from_start: float, chain: Chain) -> float:
    """Return the logarithm of half the e-value from the start and half the chain's."""
    owned = np.array([chain.log_wealth])
    return float(log_e_values(np.array([log_e_from_start]), owned)[0])


def log_e_values(log_es_from_start: Floats, log_wealth: Floats) -> Floats:
    """
    Do as `log_e_value` for many claims that have the same bets.

    Args:
        log_es_from_start: (claims,).
        log_wealth: (claims, bets), their chains'.

    """
    copies = log_sum_exp(log_wealth)
    both: Floats = np.logaddexp(log_es_from_start + _LOG_HALF, copies + _LOG_HALF)
    return both
