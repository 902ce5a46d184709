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

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shadowmon.evidence import restart
from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.knots import Integers
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
    (after,) = advance_all(
        [chain],
        process,
        np.array([counts], dtype=np.int64),
        pairs=[pairs],
        restart_pairs=restart_pairs,
        alarm_pairs=alarm_pairs,
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
    alarm_pairs: int,
    exponent: float = 1.0,
) -> list[Chain]:
    """Do as `advance` for many claims that have the same bets, as `restart.advance_all`."""
    after = restart.advance_all(
        chains,
        process,
        counts,
        pairs=pairs,
        restart_pairs=restart_pairs,
        log_share=full_stake,
        exponent=exponent,
    )
    was_raised = [
        chain is not None and alarm.raised
        for chain, alarm in zip(
            chains,
            read_all([chain or _QUIET for chain in chains], restart_pairs, alarm_pairs),
            strict=True,
        )
    ]
    is_raised = [alarm.raised for alarm in read_all(after, restart_pairs, alarm_pairs)]
    fresh = tuple(process.log_shares.tolist())
    return [
        replace(chain, copies=1, cut_at=seen, log_wealth=fresh) if was and not still else chain
        for chain, seen, was, still in zip(after, pairs, was_raised, is_raised, strict=True)
    ]


_QUIET = Chain(copies=1, cut_at=0, counts=(), log_wealth=(0.0,))


def read(chain: Chain, restart_pairs: int, alarm_pairs: int) -> Alarm:
    """Return how near the alarm is."""
    return read_all([chain], restart_pairs, alarm_pairs)[0]


def read_all(chains: Sequence[Chain], restart_pairs: int, alarm_pairs: int) -> list[Alarm]:
    """Do as `read` for many chains."""
    if not chains:
        return []
    most = max(len(chain.log_wealth) for chain in chains)
    owned = np.full((len(chains), most), -np.inf)
    for row, chain in zip(owned, chains, strict=True):
        row[: len(chain.log_wealth)] = chain.log_wealth
    threshold = math.log1p(alarm_pairs / restart_pairs)
    return [
        Alarm(log_statistic=statistic, log_threshold=threshold)
        for statistic in log_sum_exp(owned).tolist()
    ]
