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

from shadowmon.evidence import chains, restart
from shadowmon.evidence.chains import Chain, Chains
from shadowmon.evidence.eprocess import EProcess, log_sum_exp
from shadowmon.evidence.knots import Integers
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
    after = advance_all(
        chains.read([None if chain is None else chains.to_json(chain)], process),
        process,
        np.array([counts], dtype=np.int64),
        pairs=np.array([pairs]),
        restart_pairs=restart_pairs,
        alarm_pairs=alarm_pairs,
        exponent=exponent,
    )
    (state,) = chains.tell(after, [counts])
    return chains.from_json(state)


def advance_all(
    before: Chains,
    process: EProcess,
    counts: Integers,
    *,
    pairs: Integers,
    restart_pairs: int,
    alarm_pairs: int,
    exponent: float = 1.0,
) -> Chains:
    """Do as `advance` for many claims that have the same bets, as `restart.advance_all`."""
    after = restart.advance_all(
        before,
        process,
        counts,
        pairs=pairs,
        restart_pairs=restart_pairs,
        log_share=full_stake,
        exponent=exponent,
    )
    threshold = _log_threshold(restart_pairs, alarm_pairs)
    was_raised = before.has_begun & (log_sum_exp(before.log_wealth) >= threshold)
    is_over = was_raised & (log_sum_exp(after.log_wealth) < threshold)
    after.log_wealth[is_over] = process.log_shares
    return replace(
        after,
        copies=np.where(is_over, 1, after.copies),
        cut_at=np.where(is_over, pairs, after.cut_at),
    )


def _log_threshold(restart_pairs: int, alarm_pairs: int) -> float:
    return math.log1p(alarm_pairs / restart_pairs)


def read(chain: Chain, restart_pairs: int, alarm_pairs: int) -> Alarm:
    """Return how near the alarm is."""
    return read_all([chain.log_wealth], restart_pairs, alarm_pairs)[0]


def read_all(
    log_wealths: Sequence[Sequence[float]], restart_pairs: int, alarm_pairs: int
) -> list[Alarm]:
    """Do as `read` for what the copies of many claims own, whatever bets these have."""
    if not log_wealths:
        return []
    owned = np.full((len(log_wealths), max(map(len, log_wealths))), -np.inf)
    for row, wealth in zip(owned, log_wealths, strict=True):
        row[: len(wealth)] = wealth
    threshold = _log_threshold(restart_pairs, alarm_pairs)
    return [
        Alarm(log_statistic=statistic, log_threshold=threshold)
        for statistic in log_sum_exp(owned).tolist()
    ]
