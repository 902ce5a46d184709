"""
Why may I look at all times?

Begin with a wealth of 1 and bet on a claim, pair after pair, at odds that are fair or worse if the
claim is false: the wealth after n pairs, `prod(1 + bet * gain_i)`, then has a mean of at most 1. It
is a nonnegative supermartingale, and the chance that it *ever* reaches 1/alpha is at most alpha
(Ville, Étude critique de la notion de collectif, 1939). So one may look after every pair, stop
whenever one likes, and go on later; no look costs anything. The wealth is called an e-value, and a
claim is proven at level alpha once it is 1/alpha. A weighted average of such wealths, each with its
own bet, is one too (bets.py).

Because the bets never change, the wealth depends on how often each place was hit and not on the
order: it is a function of the account alone, `log wealth = counts @ log(1 + gains x bets)`. Adding
the accounts of many replicas therefore gives the very evidence that one stream would have given.

Constant bets also buy more than independence of pairs. **Running-average theorem.** Let mu_i be the
mean of x_i given all before it, m the boundary, and N_n = prod (1 + bet (x_i - m)) / (1 + bet (mu_i
- m)), a nonnegative martingale that begins at 1. Now prod (1 + bet (mu_i - m)) <= exp(bet * sum
(mu_i - m)) <= 1 whenever the running average of mu is at most m. On that event the wealth is at
most N, for every bet and so for their mixture, and Ville's inequality gives

    P(ever: average of mu so far <= m and wealth >= 1/alpha) <= alpha.

So traffic may drift: the claim is about the average so far. Bets that learn from the data have no
such theorem (and fail by simulation, statistics section 1).

The same account gives the same bits, alone or among thousands: see exact.py.

Numbers are natural logarithms throughout: a wealth of exp(-10^7) is an ordinary value here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from shadowmon.evidence import outcomes
from shadowmon.evidence.bets import Bets, assumed_noise, lay
from shadowmon.evidence.exact import Table
from shadowmon.evidence.gains import Floats, gains, kind_of
from shadowmon.evidence.knots import Integers
from shadowmon.evidence.sampling import ALL_SAMPLED, shrinkage
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import Claim, Metric


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EProcess:
    """The bets on one claim, ready to be read off an account."""

    log_factors: Floats
    """
    (places, bets): what one count in this place adds to the logarithm of this bet's wealth. Of what
    is sampled at several rates, the places of each rate one after the other (sampling.py).
    """
    log_shares: Floats
    """(bets,): logarithm of each bet's share of the stake."""
    bets: Bets
    _table: Table = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Divide the table, so that its sums are exact."""
        object.__setattr__(self, "_table", Table(self.log_factors))

    def log_wealth(self, counts: Sequence[int] | Integers | Floats) -> Floats:
        """
        Return the logarithm of what each bet has made of 1.

        Args:
            counts: One account, or an array of them along the first axes; whole numbers.

        Returns:
            (..., bets).

        Raises:
            ValueError: If a count is not a whole number.

        """
        given = np.asarray(counts)
        accounts = given.astype(np.int64, copy=False)
        if given is not accounts and not np.array_equal(given, accounts):
            msg = "counts are whole numbers; to weaken a proof raise the wealth to a power"
            raise ValueError(msg)
        rows = accounts.reshape(-1, accounts.shape[-1])
        wealth: Floats = self._table.times(rows).T
        return wealth.reshape(*accounts.shape[:-1], -1)

    def log_e_value(self, log_wealth: Floats) -> Floats:
        """Return the logarithm of the whole stake's wealth, over the last axis."""
        return log_sum_exp(log_wealth + self.log_shares)


def bet_on(
    claim: Claim,
    *,
    assumed_noise: float,
    assumed_distance: float = 1.0,
    metric: Metric | None = None,
    rates: Sequence[int] = ALL_SAMPLED,
) -> EProcess:
    """
    Lay the bets on a claim. It must have passed `gains.check`.

    Args:
        claim: What is to be proven.
        assumed_noise: See `bets.lay`.
        assumed_distance: See `bets.lay`.
        metric: What the claim is about. None stands for verdicts, or a divergence in [0, 1].
        rates: All sampling rates that may occur, in basis points.

    """
    span = None if metric is None else outcomes.span(metric, claim.contrast, claim.limit)
    kind = kind_of(claim.contrast) if metric is None else metric.kind
    bets = lay(
        claim,
        assumed_noise=assumed_noise,
        assumed_distance=assumed_distance,
        span=span,
        rates=rates,
    )
    won = gains(claim.contrast, claim.limit, claim.side, span)
    tables = [np.log1p(np.outer(won * shrunk, bets.sizes)) for shrunk in shrinkage(rates)]
    for table in tables:
        table[:-1] /= outcomes.units(kind)
    return EProcess(log_factors=np.concatenate(tables), log_shares=np.log(bets.shares), bets=bets)


def bet_as_set(
    claim: Claim,
    settings: EvidenceSettings,
    *,
    metric: Metric | None = None,
    rates: Sequence[int] = ALL_SAMPLED,
) -> EProcess:
    """Lay the bets on a claim for what the settings assume; otherwise as `bet_on`."""
    return bet_on(
        claim,
        assumed_noise=assumed_noise(claim, settings),
        assumed_distance=settings.assumed_distance,
        metric=metric,
        rates=rates,
    )


_STEPS = 2.0**46
"""The largest exponential is 1, and all are added in steps of 2^-46: a hundred fit a float exactly,
in whatever order."""

_NOTHING = -50.0
"""What is exp(-50) of the largest, or less, is no step; the exponential of far less is slow."""


def log_sum_exp(logarithms: Floats) -> Floats:
    """Return log(sum(exp(x))) over the last axis, without overflow. One x at least is finite."""
    columns = np.moveaxis(logarithms, -1, 0)
    top = columns.max(axis=0)
    terms = np.exp(np.maximum(columns - top, _NOTHING))
    steps = np.rint(terms * _STEPS).sum(axis=0)
    total: Floats = np.log(steps / _STEPS) + top
    return total


def log_sums(logarithms: Floats, sizes: Sequence[int]) -> Floats:
    """
    Do as `log_sum_exp` for parts of the first axis.

    Args:
        logarithms: (rows, columns), which is overwritten.
        sizes: Rows of each part.

    Returns:
        (parts, columns).

    """
    blocks = list(_blocks(logarithms, sizes))
    tops = np.empty((len(sizes), logarithms.shape[1]))
    sums = np.empty_like(tops)
    for block, parts in blocks:
        np.maximum.reduce(block, axis=1, out=tops[parts])
        np.subtract(block, tops[parts, np.newaxis], out=block)
    np.maximum(logarithms, _NOTHING, out=logarithms)
    np.exp(logarithms, out=logarithms)
    logarithms *= _STEPS
    np.rint(logarithms, out=logarithms)
    for block, parts in blocks:
        np.add.reduce(block, axis=1, out=sums[parts])
    total: Floats = np.log(sums / _STEPS) + tops
    return total


def _blocks(logarithms: Floats, sizes: Sequence[int]) -> Iterator[tuple[Floats, slice]]:
    """Return adjoining parts of the same size as one array, and which parts they are."""
    row = part = 0
    for size, alike in groupby(sizes):
        count = sum(1 for _ in alike)
        block = logarithms[row : row + count * size]
        yield block.reshape(count, size, -1), slice(part, part + count)
        row, part = row + count * size, part + count
