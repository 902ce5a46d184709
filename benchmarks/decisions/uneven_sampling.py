"""
Cohorts that are sampled at different rates.

Rare requests are sampled more often, so that something is seen of them; they are also where a
cheaper model loses most. The loss of all traffic stands exactly on the limit. To weigh sampled
pairs alike shows the loss of the sample, and no number of pairs mends that.
"""

from __future__ import annotations

import numpy as np

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Floats, Law, flips
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import PAIRED, Stake, stake
from benchmarks.decisions.table import Effort, Table
from benchmarks.decisions.walk import Traffic, first_proven
from shadowmon.records import Side


SEED = 20_260_108
ALPHA = 0.05
LIMIT = 0.05
NOISE = 0.02

RATES = (10_000, 1_000, 200)
"""In basis points."""
SHARES = (0.05, 0.15, 0.80)
"""Of all traffic."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 5_000), (1_000, 50_000))
    made = Table(
        title=f"Sampling rates 100 %, 10 % and 2 %, {pairs:,} sampled pairs; truth of all traffic "
        f"on the limit of {LIMIT:.0%}",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    for name, losses, side in (
        ("rare requests lose most", (0.12, 0.08, 0.04), Side.WORSE),
        ("rare requests lose least", (0.01, 0.02, 0.058125), Side.BETTER),
    ):
        sampled = _sampled(losses)
        unweighted = Law(losses=sampled.losses, chances=sampled.chances)
        decision = "promote" if side is Side.BETTER else "roll back"
        chained = side is Side.WORSE
        alike = stake(PAIRED, LIMIT, side, chained=chained)
        weighed = stake(PAIRED, LIMIT, side, rates=RATES, chained=chained)
        ways = (
            (naive.wrong, "every sampled pair counts alike", alike, unweighted),
            (naive.ours, "by rate of sampling", weighed, sampled),
        )
        for add, way, laid, law in ways:
            times = _times(laid, law, streams, pairs)
            add(made, name, way, decision, times, alpha=ALPHA)
    return made


def _times(laid: Stake, law: Law, streams: int, pairs: int) -> Times:
    return first_proven(
        laid,
        [Traffic(law=law, pairs=pairs)],
        alpha=ALPHA,
        streams=streams,
        generator=np.random.default_rng(SEED),
    )


def _sampled(losses: tuple[float, ...]) -> Law:
    """Return the law of the next sampled pair; those that are skipped leave no record."""
    cohorts = [flips(loss, noise=loss + NOISE) for loss in losses]
    weights: Floats = np.multiply(SHARES, RATES)
    parts = [
        cohort.chances * weight
        for cohort, weight in zip(cohorts, weights / weights.sum(), strict=True)
    ]
    return Law(
        losses=np.concatenate([cohort.losses for cohort in cohorts]),
        chances=np.concatenate(parts),
        rates=tuple(rate for rate, part in zip(RATES, parts, strict=True) for _ in part),
    )
