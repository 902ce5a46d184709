"""
Answers that come sooner for one outcome than for the other.

A pair is known when the slower of its two answers is: a refusal after a second, a good answer after
twenty; or a good one at once, and the bad one runs on to its end. To count pairs as they come then
shows a trial's first seconds at their worst, or at their best. The product counts them in the order
in which their exchanges came, and waits for none longer than it is told to:
`daemon.turns.Turns` (a test holds this file against it).
"""

from __future__ import annotations

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions import naive
from benchmarks.decisions.label_delay import NOTHING, with_missing
from benchmarks.decisions.laws import flips
from benchmarks.decisions.stakes import PAIRED, stake
from benchmarks.decisions.table import Effort, Table
from benchmarks.decisions.walk import first_proven_of
from shadowmon.records import Side


SEED = 20_260_115
ALPHA = 0.05
LIMIT, NOISE = 0.05, 0.06
PER_SECOND = 20
QUICK, SLOW = PER_SECOND, 20 * PER_SECOND
"""A second, and twenty, in exchanges that come meanwhile."""
PATIENCE = 30 * PER_SECOND
"""As it comes: `scoring.turn_seconds`."""
BAD = 2
"""Number of the outcome that is a loss."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 6_000), (1_000, 12_000))
    made = Table(
        title=f"Pairs of unequal speed, {PER_SECOND} a second, {pairs:,} in all; "
        f"truth on the limit of {LIMIT:.0%}",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    law = with_missing(flips(LIMIT, noise=NOISE))
    for bad, other, side, name in (
        (QUICK, SLOW, Side.WORSE, "bad answers come after 1 s, others after 20 s"),
        (SLOW, QUICK, Side.BETTER, "bad answers come after 20 s, others after 1 s"),
    ):
        generator = np.random.default_rng([SEED, bad])
        drawn = flips(LIMIT, noise=NOISE).draw(generator, (streams, pairs))
        took = np.where(drawn == BAD, bad, other)
        laid = stake(PAIRED, LIMIT, side, noise=NOISE, chained=side is Side.WORSE)
        decision = "promote" if side is Side.BETTER else "roll back"
        for show, way, patience in (
            (naive.wrong, "counted as they come", 0),
            (naive.ours, "in turn", PATIENCE),
        ):
            counted = in_turn(drawn, took, patience)
            times = first_proven_of(laid, law, counted, alpha=ALPHA)
            show(made, name, way, decision, times, alpha=ALPHA)
    return made


def in_turn(
    drawn: NDArray[np.integer], took: NDArray[np.int64], patience: int
) -> NDArray[np.integer]:
    """
    Return the pairs in the order in which they are counted.

    Args:
        drawn: (streams, pairs), in the order in which they came, one at each moment.
        took: After how many moments each is known.
        patience: For how many moments others wait for it; 0: they do not.

    """
    came = np.arange(drawn.shape[1])
    held_up = np.maximum.accumulate(came + np.minimum(took, patience), axis=1)
    counted_at = np.maximum(came + took, held_up)
    order = counted_at.argsort(axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, order, axis=1)
    in_time = np.take_along_axis(counted_at, order, axis=1) < drawn.shape[1]
    return np.where(in_time, ordered, NOTHING)
