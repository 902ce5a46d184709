"""
A test for one look, looked at after every pair.

All streams stand exactly on the limit of 1 %: to promote, or to take weight away, is wrong. What
stands for a variance that is estimated from the data is the trap of its own for scores that are
mostly 0: before the first difference it is 0, and the mean looks proven to be 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Floats, Law, agreement, flips, sparse
from benchmarks.decisions.peers import fixed
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import SUBJECTS, stake
from benchmarks.decisions.table import Effort, Table
from benchmarks.decisions.walk import first_proven_of
from shadowmon.records import Side


SEED = 20_260_104
ALPHA = 0.05
LIMIT = 0.01

Rule = Callable[[Floats, float, Side], Times]

TRAPS: tuple[tuple[str, Callable[[float], Law], str, Rule, tuple[Side, ...]], ...] = (
    (
        "paired verdicts",
        flips,
        "t-test, every pair from 30",
        partial(fixed.t_test, alpha=ALPHA, from_pair=30),
        (Side.BETTER, Side.WORSE),
    ),
    (
        "agree or not",
        agreement,
        "Wilson interval, every pair from 30",
        partial(fixed.wilson, alpha=ALPHA, from_pair=30),
        (Side.BETTER, Side.WORSE),
    ),
    (
        "sparse distances",
        sparse,
        "asymptotic confidence sequence from 30",
        partial(fixed.asymptotic, alpha=ALPHA, from_pair=30),
        (Side.BETTER,),
    ),
    (
        "sparse distances, from 300",
        sparse,
        "asymptotic confidence sequence from 300",
        partial(fixed.asymptotic, alpha=ALPHA, from_pair=300),
        (Side.BETTER,),
    ),
)


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 5_000), (400, 50_000))
    made = Table(
        title=f"Tests for one look, looked at {pairs:,} times; truth on the limit of {LIMIT:.0%}",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    for number, (name, law_of, way, rule, sides) in enumerate(TRAPS):
        generator = np.random.default_rng([SEED, number])
        law = law_of(LIMIT)
        drawn = law.draw(generator, (streams, pairs)).astype(np.int16)
        losses = law.losses[drawn]
        for side in sides:
            decision = "promote" if side is Side.BETTER else "roll back"
            naive.wrong(made, name, way, decision, rule(losses, LIMIT, side), alpha=ALPHA)
            laid = stake(SUBJECTS[law_of], LIMIT, side, chained=side is Side.WORSE)
            times = first_proven_of(laid, law, drawn, alpha=ALPHA)
            naive.ours(made, name, "every pair from 1", decision, times, alpha=ALPHA)
    return made
