"""
Labels that come sooner for one outcome than for the other.

Users complain about wrong answers within 200 requests; that an answer was right is known after 2000
(of one in five only after 6000). To count labels as they come then shows a harmless model at its
worst first. The product counts each pair once, a fixed time after its request, and one without a
label as missing: `daemon.labels.LabelDesk` (a test holds this file against it).
"""

from __future__ import annotations

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Law, flips
from benchmarks.decisions.stakes import PAIRED, stake
from benchmarks.decisions.table import Effort, Table
from benchmarks.decisions.walk import first_proven_of
from shadowmon.records import Side


SEED = 20_260_105
ALPHA = 0.05
LIMIT, NOISE = 0.02, 0.04
SOON, LATE, VERY_LATE = 200, 2_000, 6_000
VERY_LATE_SHARE = 0.2
MATURITY = 2_500


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 10_000), (1_000, 50_000))
    made = Table(
        title=f"Labels of unequal speed, {pairs:,} pairs; truth on the limit of {LIMIT:.0%}",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    law = with_missing(flips(LIMIT, noise=NOISE))
    for soon, side, name in (
        (2, Side.WORSE, "bad outcomes are labelled first"),
        (0, Side.BETTER, "good outcomes are labelled first"),
    ):
        generator = np.random.default_rng([SEED, soon])
        drawn = flips(LIMIT, noise=NOISE).draw(generator, (streams, pairs))
        delays = _delays(drawn, soon, generator)
        laid = stake(PAIRED, LIMIT, side, noise=NOISE)
        decision = "promote" if side is Side.BETTER else "roll back"
        for way, counted in (
            ("counted as they come", as_they_come(drawn, delays)),
            ("at maturity, unlabelled left out", left_out(drawn, delays)),
        ):
            times = first_proven_of(laid, law, counted, alpha=ALPHA)
            naive.wrong(made, name, way, decision, times, alpha=ALPHA)
        times = first_proven_of(laid, law, at_maturity(drawn, delays), alpha=ALPHA)
        way = "at maturity, unlabelled are missing"
        naive.ours(made, name, way, decision, times, alpha=ALPHA)
    return made


MISSING, NOTHING = 3, 4
"""Numbers of two more things that may be next: a pair without a label, and no pair at all."""


def with_missing(law: Law) -> Law:
    """Return the law with these two beside it; neither is ever drawn."""
    return Law(
        losses=np.append(law.losses, [np.nan, np.inf]), chances=np.append(law.chances, [0.0, 0.0])
    )


def _delays(
    drawn: NDArray[np.integer], soon: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    late = np.where(generator.random(drawn.shape) < VERY_LATE_SHARE, VERY_LATE, LATE)
    return np.where(drawn == soon, SOON, late)


# --- When a pair is counted, as what ---------------------------------------


def as_they_come(drawn: NDArray[np.integer], delays: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return the pairs in the order of their labels."""
    arrivals = np.arange(drawn.shape[1]) + delays
    order = arrivals.argsort(axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, order, axis=1)
    return np.where(np.take_along_axis(arrivals, order, axis=1) < drawn.shape[1], ordered, NOTHING)


def at_maturity(drawn: NDArray[np.integer], delays: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return the pairs in the order of their requests; missing if no label came in time."""
    return np.where(delays <= MATURITY, drawn, MISSING)


def left_out(drawn: NDArray[np.integer], delays: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return the same without the pairs whose label did not come in time."""
    return np.where(delays <= MATURITY, drawn, NOTHING)
