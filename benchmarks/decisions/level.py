"""
Does a false claim stay unproven, looked at after every pair?

Every law stands exactly on the limit, the hardest case of a false claim. A promotion is looked for
on the bets from the start, a roll-back with the restart chain, as the product does it. Both error
rates are read off the same streams: what matters is the highest e-value that a stream ever had.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.decisions.laws import LAWS, Law
from benchmarks.decisions.stakes import SUBJECTS, Stake, stake
from benchmarks.decisions.table import Effort, Table, at_most, percent
from benchmarks.decisions.walk import highest
from shadowmon.records import Side


SEED = 20_260_101
LIMIT = 0.01
ALPHAS = (0.05, 0.01)
NOT_VACUOUS = 0.01
"""A rule that never errs at 5 % would wait longer than it must."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((400, 5_000), (6_000, 100_000))
    made = Table(
        title=f"False decisions at the boundary (limit {LIMIT:.0%}), {pairs:,} looks per stream",
        columns=("law", "decision", *(f"ever, alpha = {alpha:.0%}" for alpha in ALPHAS)),
        seed=SEED,
    )
    shares: dict[float, list[float]] = {alpha: [] for alpha in ALPHAS}
    seen = set()
    for number, (name, law_of) in enumerate(LAWS.items()):
        for side, decision in ((Side.BETTER, "promote"), (Side.WORSE, "roll back")):
            top = highest(
                _laid(law_of, side),
                law_of(LIMIT),
                pairs=pairs,
                streams=streams,
                generator=np.random.default_rng([SEED, number, side is Side.WORSE]),
            )
            wrong = [top >= 1 / alpha for alpha in ALPHAS]
            made.add(name, decision, *map(percent, wrong), n=streams)
            for alpha, each in zip(ALPHAS, wrong, strict=True):
                shares[alpha].append(float(each.mean()))
            if wrong[0].mean() >= NOT_VACUOUS:
                seen.add(name)
    for alpha in ALPHAS:
        made.check(
            f"at alpha = {alpha:.0%} no error rate is above alpha by more than 3 SE",
            holds=max(shares[alpha]) <= at_most(alpha, streams),
        )
    made.check(
        f"the promise is not vacuous: at {ALPHAS[0]:.0%} errors are seen in 1 % or more on "
        f"{len(seen)} laws",
        holds=len(seen) >= 2,
    )
    return made


def _laid(law_of: Callable[[float], Law], side: Side) -> Stake:
    subject = SUBJECTS[law_of]
    return stake(subject, LIMIT, side, noise=subject.declared_noise, chained=side is Side.WORSE)
