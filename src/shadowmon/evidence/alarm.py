"""
When to call a person: sooner than the roll-back, and now and then for nothing.

The restart chain keeps one error probability for all time, so each of its copies gets less than the
one before. A person who is called may be called wrongly once in a while, if it is rare enough. So
here every copy begins with a full stake of 1, one after every `restart_pairs` pairs, and what all
of them own together is the Shiryaev-Roberts statistic

    R_n = sum over copies (wealth of the copy).

While the claim is false, no copy gains on average: R_n less the number of copies begun is a
supermartingale. When R first reaches a threshold A, therefore, A copies or more had begun on
average, so that the mean time to a false alarm is (A - 1) x restart_pairs pairs or more (Pollak,
Optimal detection of a change in distribution, Annals of Statistics 13, 1985; with e-values: Shin,
Ramdas and Rinaldo, E-detectors, New England Journal of Statistics in Data Science, 2023). A is set
so that this is `alarm_pairs`.

That is no error probability: over enough pairs a false alarm comes for certain. Nothing is decided
by it. It finds a change in about two thirds of the pairs that the roll-back needs (statistics,
section 3).

Rule 1: an alarm lasts until R falls below the threshold again; then all begins anew, so that the
mean time to the next false one is as long.
Rule 2: what is a copy, and when it begins, is as in restart.py.
"""

from __future__ import annotations

import math

from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import restart
from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.restart import Chain
from shadowmon.records import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """How near a claim is to calling a person."""

    log_statistic: float
    """Natural logarithm of R."""
    log_threshold: float

    @property
    def raised(self) -> bool:
        """Is it past the threshold?"""
        return self.log_statistic >= self.log_threshold


def full_stake(_number: int) -> float:
    """Return the logarithm of each copy's stake."""
    return 0.0


def advance(
    chain: Chain | None,
    process: EProcess,
    counts: Counts,
    *,
    pairs: int,
    restart_pairs: int,
    alarm_pairs: int,
    exponent: float = 1.0,
) -> Chain:
    """
    Bring the copies up to date with their account, as `restart.advance`.

    Args:
        chain: None at the beginning, or if the state was lost.
        process: The claim's bets.
        counts: The whole account.
        pairs: How many pairs are in it, missing ones too.
        restart_pairs: The least number of pairs between two copies.
        alarm_pairs: Mean number of pairs to a false alarm, at least.
        exponent: What each bet's wealth is raised to (variance_ratio.py).

    """
    after = restart.advance(
        chain,
        process,
        counts,
        pairs=pairs,
        restart_pairs=restart_pairs,
        log_share=full_stake,
        exponent=exponent,
    )
    if chain is None or not read(chain, restart_pairs, alarm_pairs).raised:
        return after
    if read(after, restart_pairs, alarm_pairs).raised:
        return after
    fresh = tuple(process.log_shares.tolist())
    return Chain(copies=1, cut_at=pairs, counts=counts, log_wealth=fresh)


def read(chain: Chain, restart_pairs: int, alarm_pairs: int) -> Alarm:
    """Return how near the alarm is."""
    return Alarm(
        log_statistic=float(log_sum_exp(np.array(chain.log_wealth))),
        log_threshold=math.log1p(alarm_pairs / restart_pairs),
    )
