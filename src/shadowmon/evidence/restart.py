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
from dataclasses import dataclass
from typing import Any

import numpy as np

from scipy.special import zeta

from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import Integers
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
    (after,) = advance_all(
        [chain],
        process,
        np.array([counts], dtype=np.int64),
        pairs=[pairs],
        restart_pairs=restart_pairs,
        log_share=log_share,
        exponent=exponent,
    )
    return after


def advance_all(
    chains: Sequence[Chain | None],
    process: EProcess,
    counts: Integers,
    *,
    pairs: Sequence[int],
    restart_pairs: int,
    log_share: Callable[[int], float] = log_share,
    exponent: float = 1.0,
) -> list[Chain]:
    """
    Do as `advance` for the chains of many claims that have the same bets.

    Each becomes what it would alone, to the last bit.

    Args:
        chains: One of each claim.
        process: The bets.
        counts: (claims, places).
        pairs: One number of each claim.
        restart_pairs: As in `advance`.
        log_share: As in `advance`.
        exponent: As in `advance`.

    """
    nothing = _Before(
        counts=(0,) * counts.shape[1],
        log_wealth=(process.log_shares + log_share(0)).tolist(),
    )
    known = [chain if chain and _fits(chain, process) else None for chain in chains]
    before = np.array([(chain or nothing).counts for chain in known], dtype=np.int64)
    wealth = np.array([(chain or nothing).log_wealth for chain in known])
    grown = counts - before
    # A part of the account was lost. What it held cannot be told from what remains.
    is_lost = grown.min(axis=1) < 0
    grown[is_lost] = 0
    wealth += process.log_wealth(grown) * exponent
    wealth[is_lost] = -np.inf
    rolls = [
        _roll(chain, seen, is_lost=lost, restart_pairs=restart_pairs)
        for chain, seen, lost in zip(known, pairs, is_lost.tolist(), strict=True)
    ]
    cut = np.flatnonzero([roll.share is not None for roll in rolls])
    shares = np.array([log_share(roll.share) for roll in rolls if roll.share is not None])
    wealth[cut] = np.logaddexp(wealth[cut], process.log_shares + shares[:, np.newaxis])
    return [
        Chain(copies=roll.copies, cut_at=roll.cut_at, counts=tuple(row), log_wealth=tuple(owned))
        for roll, row, owned in zip(rolls, counts.tolist(), wealth.tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What a chain that has not begun stands for."""

    counts: Counts
    log_wealth: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roll:
    """How many copies there are now, and the number of the share given out, if one was."""

    copies: int
    cut_at: int
    share: int | None = None


def _roll(chain: Chain | None, pairs: int, *, is_lost: bool, restart_pairs: int) -> _Roll:
    if chain is None:
        # Copy 0 begins with the first pair, so it can always be read off the account. If pairs are
        # there already, and this is not truly the beginning, no more copies than these had begun:
        cuts, since = divmod(pairs, restart_pairs)
        return _Roll(copies=1 + cuts, cut_at=pairs - since)
    if is_lost or pairs - chain.cut_at >= restart_pairs:
        return _Roll(copies=chain.copies + 1, cut_at=pairs, share=chain.copies)
    return _Roll(copies=chain.copies, cut_at=chain.cut_at)


def _fits(chain: Chain, process: EProcess) -> bool:
    places, bets = process.log_factors.shape
    return (len(chain.counts), len(chain.log_wealth)) == (places, bets)


def log_e_value(log_e_from_start: float, chain: Chain) -> float:
    """Return the logarithm of half the e-value from the start and half the chain's."""
    return float(log_e_values(np.array([log_e_from_start]), [chain])[0])


def log_e_values(log_es_from_start: Floats, chains: Sequence[Chain]) -> Floats:
    """Do as `log_e_value` for many claims that have the same bets."""
    copies = log_sum_exp(np.array([chain.log_wealth for chain in chains]))
    both: Floats = np.logaddexp(log_es_from_start + _LOG_HALF, copies + _LOG_HALF)
    return both


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
