"""
Accounts of traffic that was sampled at different rates, weighed as if all of it had been seen.

Whether an exchange is sampled is drawn with a known probability p before its outcome. A bet on
"the mean of x is above m" then wins (x - m) / p on a sampled pair and nothing on a skipped one: on
average over sampling and outcome that is x - m again (Horvitz and Thompson, A generalization of
sampling without replacement from a finite universe, JASA 47, 1952). So skipped exchanges need no
record, and no wealth grows on average while the claim is false. For no pair to ruin it, the bet may
at most be as large as it could be at the lowest rate. Written in units of that rate:

    1 + bet (x - m) x lowest / p,        bet < 1 / (what one pair can lose)

Accounts are kept for each rate (`Cell.rate`) and read one after the other, the highest rate first.
Which rates may occur is fixed before the evidence begins: the lowest of them limits every bet.

Rates far apart cost pairs (statistics, section 6: four times as many at .02, .10 and 1). To weigh
sampled pairs as if all had the same rate is wrong altogether (there: 100 % false alarms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from shadowmon.records import Counts


EVERY_ONE = 10_000
"""The rate, in basis points, of what is always sampled."""

ALL_SAMPLED = (EVERY_ONE,)

Accounts: TypeAlias = Mapping[int, Counts]
"""Rate in basis points -> what was counted at that rate."""


def both(pair_rate: int, metric_rate: int) -> int:
    """
    Return the probability of two draws, one after the other, both in basis points.

    A sampled pair may be measured by some metric only now and then: by a judge, say. It is at least
    1: what was seen had a chance.
    """
    return max(1, round(pair_rate * metric_rate / EVERY_ONE))


def in_order(rates: Sequence[int]) -> tuple[int, ...]:
    """
    Return the rates in which accounts are read one after the other.

    Raises:
        ValueError: If there is none, or one is not a probability above 0.

    """
    if not rates or not all(0 < rate <= EVERY_ONE for rate in rates):
        message = f"sampling rates are {list(rates)}: allowed are 1 to {EVERY_ONE} basis points"
        raise ValueError(message)
    return tuple(sorted(set(rates), reverse=True))


def shrinkage(rates: Sequence[int]) -> tuple[float, ...]:
    """Return, for each rate in order, what a bet is multiplied by: lowest rate / rate."""
    ordered = in_order(rates)
    return tuple(ordered[-1] / rate for rate in ordered)


def check(accounts: Accounts, rates: Sequence[int]) -> None:
    """
    Refuse accounts at a rate that the bets were not laid for.

    Raises:
        ValueError: Says which.

    """
    strange = sorted(set(accounts) - set(rates))
    if strange:
        message = f"an account sampled at {strange[0]} basis points, foreseen are {list(rates)}"
        raise ValueError(message)


def one_after_the_other(accounts: Accounts, rates: Sequence[int], *, places: int) -> Counts:
    """Return all accounts as one row; zeros stand for a rate at which nothing was counted yet."""
    if len(rates) == 1:
        return accounts.get(rates[0], (0,) * places)
    nothing = (0,) * places
    return tuple(count for rate in in_order(rates) for count in accounts.get(rate, nothing))


def weighted_sum(accounts: Accounts, *, places: int) -> Sequence[float]:
    """
    Return the account that would have been counted, had all been sampled at the highest rate.

    Ratios of its places estimate those of all traffic; whole numbers only if there is one rate.
    """
    if not accounts:
        return (0,) * places
    if len(accounts) == 1:
        return next(iter(accounts.values()))
    highest = max(accounts)
    return [
        sum(counts[place] * (highest / rate) for rate, counts in accounts.items())
        for place in range(places)
    ]
