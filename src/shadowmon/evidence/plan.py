"""
How many pairs will it take, before the first one is there?

A truth is assumed, the bets on a claim are the very ones that will be laid, and the pairs until the
claim is proven follow from both. So an operator learns beforehand which limits the traffic can
prove at all, and in how many hours.

With mu_j and v_j the mean and the variance of what one pair adds to the logarithm of bet j's
wealth, w_j its share, and L the logarithm of the e-value that is needed:

1. n* is the least n with log(sum of w_j exp(n mu_j)) >= L;
2. around n* the whole stake moves like one bet of drift d and variance v, those of the bets
   weighted by what each owns at n*, w_j exp(n* mu_j);
3. the first time that a Brownian motion with drift d > 0 and variance v reaches d n* has an inverse
   Gaussian law with mean n* and shape (d n*)^2 / v (Folks and Chhikara, The inverse Gaussian
   distribution and its statistical application, JRSS B 40, 1978): median and 90 % quantile are its.

Rule 1: a claim that no bet gains on under the assumed truth is never proven: infinity, honestly.
Rule 2: nothing here decides. A wrong assumption makes a wrong forecast, and no wrong verdict.
"""

from __future__ import annotations

import math

from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import outcomes, restart
from shadowmon.evidence.assumed import Law, assume
from shadowmon.evidence.bets import assumed_noise
from shadowmon.evidence.eprocess import EProcess, bet_as_set, log_sum_exp
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.outcomes import BASELINE_ONLY, BOTH_NO, OPTIMIZED_ONLY
from shadowmon.evidence.root import root
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.records import EVERYTHING, Claim, Contrast, Metric, MetricName, Scope, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Pairs until a claim is proven; infinite if it never will be."""

    median: float
    q90: float
    """In nine of ten trials it takes no more."""
    mean: float

    @property
    def is_possible(self) -> bool:
        """Will it ever be proven?"""
        return math.isfinite(self.mean)


NEVER = Forecast(median=math.inf, q90=math.inf, mean=math.inf)
_AT_ONCE = Forecast(median=0.0, q90=0.0, mean=0.0)
_TOLERANCE = 2e-12


def plan(
    claim: Claim,
    truth: float | Law,
    log_e_needed: float,
    *,
    settings: EvidenceSettings,
    metric: Metric | None = None,
    noise: float | None = None,
    baseline_rate: float | None = None,
    chained: bool = False,
) -> Forecast:
    """
    Forecast how many pairs prove a claim.

    Args:
        claim: What is to be proven.
        truth: The figure of the claim's contrast as it really is (of `any_rise`: the rise, per
            pair); or the whole law of the next pair.
        log_e_needed: Natural logarithm of the e-value that proves the claim.
        settings: How the bets are laid.
        metric: What the claim is about. None stands for verdicts, or a divergence in [0, 1].
        noise: See `assume`; None: what the bets are laid for.
        baseline_rate: See `assume`.
        chained: Is half of the stake kept for a restart chain (evidence/restart.py)?

    """
    laid_for = assumed_noise(claim, settings)
    process = bet_as_set(claim, settings, metric=metric)
    law = (
        truth
        if isinstance(truth, Law)
        else assume(
            claim,
            truth,
            noise=laid_for if noise is None else noise,
            distance=settings.assumed_distance,
            span=None if metric is None else outcomes.span(metric, claim.contrast, claim.limit),
            baseline_rate=baseline_rate,
        )
    )
    need = log_e_needed + (LOG_CHAIN_COSTS if chained else 0.0)
    is_quality = metric is None or metric.scope is Scope.EPOCH
    weakened = settings.dependence.temper_at_least if is_quality else 1.0
    return plan_of(process, law, need, power=1 / weakened)


LOG_CHAIN_COSTS = -math.log((1 + math.exp(restart.log_share(0))) / 2)
"""Of a chained stake, half began with the first pair, and copy 0 of the other half."""


def plan_of(process: EProcess, law: Law, log_e_needed: float, *, power: float = 1.0) -> Forecast:
    """
    Forecast how many pairs of a law prove what these bets are on.

    Args:
        process: The bets.
        law: Of the next pair.
        log_e_needed: Natural logarithm of the e-value that proves it.
        power: What each bet's wealth is raised to (variance_ratio.py).

    """
    if log_e_needed <= 0:
        return _AT_ONCE
    added = process.log_wealth(law.deposits) * power
    drifts = law.chances @ added
    variances = law.chances @ (added - drifts) ** 2
    best = int(drifts.argmax())
    if drifts[best] <= 0:
        return NEVER

    def missing(pairs: float) -> float:
        return float(log_sum_exp(pairs * drifts + process.log_shares)) - log_e_needed

    far = float((log_e_needed - process.log_shares[best]) / drifts[best])
    mean = root(missing, 0.0, far * (1 + 1e-9), tolerance=_TOLERANCE)
    wealth = mean * drifts + process.log_shares
    owned = np.exp(wealth - log_sum_exp(wealth))
    return _first_passage(mean, drift=float(owned @ drifts), variance=float(owned @ variances))


def _first_passage(mean: float, *, drift: float, variance: float) -> Forecast:
    if variance <= 0:  # every pair is the same
        return Forecast(median=mean, q90=mean, mean=mean)
    shape = (drift * mean) ** 2 / variance
    median, q90 = (_inverse_gaussian(chance, mean, shape) for chance in (0.5, 0.9))
    return Forecast(median=max(1.0, median), q90=max(1.0, q90), mean=max(1.0, mean))


def _inverse_gaussian(chance: float, mean: float, shape: float) -> float:
    """Return a quantile of the inverse Gaussian law."""
    from scipy.special import log_ndtr, ndtr  # noqa: PLC0415 - a start would wait 0.2 s for it

    def beyond(log_x: float) -> float:
        x = math.exp(log_x)
        scale = math.sqrt(shape / x)
        # exp(2 shape / mean) alone may be beyond a float; its product with the tail is not.
        reflected = math.exp(2 * shape / mean + float(log_ndtr(-scale * (x / mean + 1))))
        return float(ndtr(scale * (x / mean - 1))) + reflected - chance

    spread = 40 * (1 + math.sqrt(mean / shape))
    low, high = math.log(mean) - spread, math.log(mean) + spread
    return math.exp(root(beyond, low, high, tolerance=_TOLERANCE))


# --- What is rare ----------------------------------------------------------


def violation_free_pairs(limit: float, log_e_needed: float, *, settings: EvidenceSettings) -> int:
    """
    Return how many pairs without a single violation certify a rise below `limit`.

    That there is no rise at all cannot be proven by any number of pairs; a rise of at most `limit`
    of all pairs can, in about log_e_needed / limit of them.
    """
    claim = _about_violations(Contrast.ABSOLUTE_RISE, limit, Side.BETTER)
    process = bet_as_set(claim, settings)
    law = Law(deposits=np.eye(1, len(process.log_factors), BOTH_NO), chances=np.ones(1))
    return math.ceil(plan_of(process, law, log_e_needed).mean - 1e-6)


def violations_needed(
    baseline_only: int, log_e_needed: float, *, settings: EvidenceSettings
) -> int:
    """
    Return how many violations of the optimized model alone prove that there are more of them.

    Args:
        baseline_only: Pairs in which only the baseline broke the rule.
        log_e_needed: Natural logarithm of the e-value that proves it.
        settings: How the bets are laid.

    """
    claim = _about_violations(Contrast.ANY_RISE, 0.0, Side.WORSE)
    process = bet_as_set(claim, settings)
    alone = 0
    while process.log_e_value(process.log_wealth(_only(alone, baseline_only))) < log_e_needed:
        alone += 1
    return alone


def _only(optimized: int, baseline: int) -> Floats:
    counts = np.zeros(5)
    counts[OPTIMIZED_ONLY], counts[BASELINE_ONLY] = optimized, baseline
    return counts


def _about_violations(contrast: Contrast, limit: float, side: Side) -> Claim:
    return Claim(
        metric=MetricName("unsafe"), slice=EVERYTHING, contrast=contrast, limit=limit, side=side
    )
