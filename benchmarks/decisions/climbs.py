"""
A service claim that is false, and a trial that steps down and climbs again without end.

Its evidence begins anew in each stage, so each stage is one more chance to prove what is false. The
rise of errors stands exactly on the limit in every one, the hardest case. Both ways look at the
same pairs: alpha shared evenly by the stages of the ladder, for ever; and as the product spends it
(evidence/spending.py).
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.decisions.laws import flips
from benchmarks.decisions.stakes import PAIRED, stake
from benchmarks.decisions.table import Effort, Table, at_most, percent
from benchmarks.decisions.walk import highest
from shadowmon.evidence.spending import AFTERWARDS, log_e_needed
from shadowmon.records import Side


SEED = 20_260_114
ALPHA = 0.05
LIMIT = 0.05
LADDER = 4
"""Stages of one pass."""
PASSES = (1, 2, 5, 25)


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 1_000), (2_000, 4_000))
    stages = LADDER * PASSES[-1]
    made = Table(
        title=f"A false service claim (limit {LIMIT:.0%}) in stages of {pairs:,} pairs; "
        f"alpha = {ALPHA:.0%}, {LADDER} stages to the top",
        columns=("stages", "ever wrong: alpha / stages in each", "ever wrong: shadowmon"),
        seed=SEED,
    )
    laid, law = stake(PAIRED, LIMIT, Side.BETTER, noise=PAIRED.declared_noise), flips(LIMIT)
    generator = np.random.default_rng(SEED)
    top = np.stack(
        [
            highest(laid, law, pairs=pairs, streams=streams, generator=generator)
            for _ in range(stages)
        ],
        axis=1,
    )
    needed = [
        math.exp(log_e_needed(ALPHA, stages=LADDER, number=number + 1)) for number in range(stages)
    ]
    ever = {
        way: np.logical_or.accumulate(top >= limit, axis=1)
        for way, limit in (("evenly", LADDER / ALPHA), ("ours", np.array(needed)))
    }
    for passes in PASSES:
        after = LADDER * passes
        evenly, ours = (ever[way][:, after - 1] for way in ("evenly", "ours"))
        made.add(f"{after}", percent(evenly), percent(ours), n=streams)
        bound = ALPHA if passes == 1 else (1 + AFTERWARDS) * ALPHA
        made.check(
            f"{after} stages: ours errs in {ours.mean():.1%}, at most {bound:.1%}",
            holds=float(ours.mean()) <= at_most(bound, streams),
        )
    first, last = (ever["evenly"][:, LADDER * passes - 1].mean() for passes in (1, PASSES[-1]))
    made.check(
        f"alpha / stages in each, for ever, errs in {last:.1%} of trials, more than alpha and than "
        f"the {first:.1%} of the first pass",
        holds=bool(last > max(ALPHA, first)),
    )
    return made
