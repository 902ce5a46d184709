"""
Requests of one user in a row are not independent.

Sessions of equal length; with some probability all requests of a session share one outcome (the
same hard question, asked again), else each has its own. Requests counted one by one look like more
evidence than they are: the error rate becomes about alpha^(1/deff), deff = 1 + (length - 1) x that
probability. The product collapses a session to one observation, its mean, when it is over.
"""

from __future__ import annotations

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Law, flips
from benchmarks.decisions.stakes import PAIRED, TEXT, stake
from benchmarks.decisions.table import Effort, Table
from benchmarks.decisions.walk import first_proven_of
from shadowmon.records import Side


SEED = 20_260_112
ALPHA = 0.05
LIMIT, NOISE = 0.02, 0.04
SESSIONS = ((5, 0.5), (20, 0.5))
"""Requests in each, and the probability that they share one outcome."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 10_000), (1_000, 50_000))
    made = Table(
        title=f"Sessions of dependent requests, {pairs:,} requests; truth on the limit of "
        f"{LIMIT:.0%}",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    law = flips(LIMIT, noise=NOISE)
    for length, shared in SESSIONS:
        generator = np.random.default_rng([SEED, length])
        drawn = sessions(law, length, shared, (streams, pairs // length), generator)
        design_effect = 1 + (length - 1) * shared
        name = f"{length} a session, half of them alike (deff {design_effect:g})"
        for side, decision in ((Side.WORSE, "roll back"), (Side.BETTER, "promote")):
            chained = side is Side.WORSE
            alone = stake(PAIRED, LIMIT, side, noise=NOISE, chained=chained)
            times = first_proven_of(alone, law, drawn.reshape(streams, -1), alpha=ALPHA)
            naive.wrong(made, name, "every request counts", decision, times, alpha=ALPHA)
            collapsed = stake(TEXT, LIMIT, side, noise=NOISE, chained=chained)
            means, numbers = session_means(drawn)
            times = first_proven_of(collapsed, means, numbers, alpha=ALPHA)
            naive.ours(made, name, "a session counts once", decision, times, alpha=ALPHA)
    return made


def sessions(
    law: Law,
    length: int,
    shared: float,
    size: tuple[int, int],
    generator: np.random.Generator,
) -> NDArray[np.int8]:
    """Return the numbers of the pairs drawn, (streams, sessions, requests)."""
    each = law.draw(generator, (*size, length))
    alike = generator.random(size) < shared
    return np.where(alike[..., np.newaxis], each[..., :1], each).astype(np.int8)


def session_means(drawn: NDArray[np.int8]) -> tuple[Law, NDArray[np.int64]]:
    """Return what the mean loss of a session may be, and the number of each session's mean."""
    length = drawn.shape[2]
    losses = np.arange(-length, length + 1) / length
    law = Law(losses=losses, chances=np.full(len(losses), 1 / len(losses)))
    return law, drawn.sum(axis=2, dtype=np.int64)
