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

Numbers are natural logarithms throughout: a wealth of exp(-10^7) is an ordinary value here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import outcomes
from shadowmon.evidence.bets import Bets, assumed_noise, lay
from shadowmon.evidence.gains import Floats, gains, kind_of
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

    def log_wealth(self, counts: Sequence[int] | Floats) -> Floats:
        """
        Return the logarithm of what each bet has made of 1.

        Args:
            counts: One account, or an array of them along the first axes.

        Returns:
            (..., bets).

        """
        wealth: Floats = np.asarray(counts, dtype=np.float64) @ self.log_factors
        return wealth

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


def log_sum_exp(logarithms: Floats) -> Floats:
    """Return log(sum(exp(x))) over the last axis, without overflow. One x at least is finite."""
    top = logarithms.max(axis=-1, keepdims=True)
    total: Floats = np.log(np.exp(logarithms - top).sum(axis=-1)) + top[..., 0]
    return total
