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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scipy.special import zeta

from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.records import Counts


FALL = 1.1
_SUM = float(zeta(FALL))  # 10.584: the sum of (number + 1)^-1.1 over all numbers

_LOG_HALF = -math.log(2)


def log_share(number: int) -> float:
    """Return the logarithm of the share of copy `number`, from 0. All shares sum to 1."""
    return -FALL * math.log(number + 1) - math.log(_SUM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The running copies of one claim's bets."""

    copies: int
    """How many have begun: the number of the next one."""
    cut_at: int
    """Pairs in the account, missing ones too, when the newest copy began."""
    counts: Counts
    """The account as it was when the wealth was last brought up to date."""
    log_wealth: tuple[float, ...]
    """For each bet, the logarithm of the sum of share x wealth over all copies."""


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
    if chain is None or not _fits(chain, process):
        wealth = process.log_wealth(counts) * exponent + process.log_shares + log_share(0)
        return _begin(wealth, counts, pairs=pairs, restart_pairs=restart_pairs)
    fresh = process.log_shares + log_share(chain.copies)
    grown = np.subtract(counts, chain.counts)
    if grown.min() < 0:
        # A part of the account was lost. What it held cannot be told from what remains.
        return _cut(chain, _NOTHING, fresh, counts, pairs=pairs)
    wealth = np.array(chain.log_wealth) + process.log_wealth(grown.astype(np.float64)) * exponent
    if pairs - chain.cut_at < restart_pairs:
        return replace(chain, counts=counts, log_wealth=tuple(wealth.tolist()))
    return _cut(chain, wealth, fresh, counts, pairs=pairs)


_NOTHING = -np.inf


def _fits(chain: Chain, process: EProcess) -> bool:
    places, bets = process.log_factors.shape
    return (len(chain.counts), len(chain.log_wealth)) == (places, bets)


def _begin(wealth: Floats, counts: Counts, *, pairs: int, restart_pairs: int) -> Chain:
    # Copy 0 begins with the first pair, so it can always be read off the account. If pairs are
    # there already, and this is not truly the beginning, no more copies than these had begun:
    cuts, since = divmod(pairs, restart_pairs)
    return Chain(
        copies=1 + cuts, cut_at=pairs - since, counts=counts, log_wealth=tuple(wealth.tolist())
    )


def _cut(
    chain: Chain, wealth: Floats | float, fresh: Floats, counts: Counts, *, pairs: int
) -> Chain:
    wealth = np.logaddexp(wealth, fresh)
    return Chain(
        copies=chain.copies + 1, cut_at=pairs, counts=counts, log_wealth=tuple(wealth.tolist())
    )


def log_e_value(log_e_from_start: float, chain: Chain) -> float:
    """Return the logarithm of half the e-value from the start and half the chain's."""
    copies = float(log_sum_exp(np.array(chain.log_wealth)))
    return float(np.logaddexp(log_e_from_start + _LOG_HALF, copies + _LOG_HALF))


# --- As JSON ---------------------------------------------------------------


def to_json(chain: Chain) -> dict[str, Any]:
    """Return the chain as JSON; every float is finite and survives the round trip exactly."""
    return {
        "copies": chain.copies,
        "cut_at": chain.cut_at,
        "counts": list(chain.counts),
        "log_wealth": list(chain.log_wealth),
    }


def from_json(state: Mapping[str, Any]) -> Chain:
    """Return the chain that `to_json` wrote."""
    counts: Sequence[int] = state["counts"]
    wealth: Sequence[float] = state["log_wealth"]
    return Chain(
        copies=state["copies"],
        cut_at=state["cut_at"],
        counts=tuple(counts),
        log_wealth=tuple(wealth),
    )
