"""
A model that disagrees with itself.

Sampled text differs between two answers of the same model in 3 %, and the optimized model's from
the baseline's in one percentage point more: exactly the limit. The baseline is asked twice for a
tenth of the exchanges. To measure that floor first, and then take it as known, makes its error the
verdict's. The product bets on D (1 + lean (Z/f - 1)) - (Z/f) N, whose mean is the excess itself
(evidence/floor.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.decisions import naive
from benchmarks.decisions.laws import Law, agreement
from benchmarks.decisions.peers.decided import Times
from benchmarks.decisions.stakes import DISTANCE, SETTINGS, stake
from benchmarks.decisions.table import NEVER, Effort, Table
from benchmarks.decisions.walk import Traffic, first_proven
from shadowmon.evidence.floor import excess, excess_bounds
from shadowmon.records import Side


SEED = 20_260_109
ALPHA = 0.05
LIMIT, FLOOR = 0.01, 0.03
ASKED_TWICE = 0.1
MEASURED_ON = 500
"""Exchanges on which the floor is measured, before it is taken as known."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, pairs = effort.pick((200, 10_000), (1_000, 50_000))
    made = Table(
        title=f"Noise floor {FLOOR:.0%}, {pairs:,} pairs; truth on the limit, "
        f"{LIMIT:.0%} above the floor",
        columns=naive.COLUMNS,
        seed=SEED,
    )
    for side, decision in ((Side.WORSE, "roll back"), (Side.BETTER, "promote")):
        name = "answers that agree or not"
        plugged = _plugged_in(side, streams, pairs)
        way = f"floor of {MEASURED_ON} taken as known"
        naive.wrong(made, name, way, decision, plugged, alpha=ALPHA)
        jointly = first_proven(
            stake(
                replace(DISTANCE, span=excess_bounds(ASKED_TWICE, SETTINGS.floor_lean)),
                LIMIT,
                side,
                noise=FLOOR,
                chained=side is Side.WORSE,
            ),
            [Traffic(law=excess_law(), pairs=pairs)],
            alpha=ALPHA,
            streams=streams,
            generator=np.random.default_rng([SEED, 2]),
        )
        way = "excess, a tenth asked twice"
        naive.ours(made, name, way, decision, jointly, alpha=ALPHA)
    return made


def excess_law() -> Law:
    """
    Return the law of the excess: asked twice or not, and either pair of answers agrees or not.

    The two disagreements are independent here. A baseline that is unsure of itself is unsure of
    both at once; then less noise remains.
    """
    losses, chances = [], []
    for distance, apart in ((0.0, 1 - FLOOR - LIMIT), (1.0, FLOOR + LIMIT)):
        losses.append(_excess(distance, None))
        chances.append(apart * (1 - ASKED_TWICE))
        for floor_distance, floor_apart in ((0.0, 1 - FLOOR), (1.0, FLOOR)):
            losses.append(_excess(distance, floor_distance))
            chances.append(apart * ASKED_TWICE * floor_apart)
    return Law(losses=np.array(losses), chances=np.array(chances))


def _excess(distance: float, floor_distance: float | None) -> float:
    return excess(distance, floor_distance, share=ASKED_TWICE, lean=SETTINGS.floor_lean)


def _plugged_in(side: Side, streams: int, pairs: int) -> Times:
    """Bet on the distance alone, against the limit plus the floor as it was once measured."""
    generator = np.random.default_rng([SEED, 1])
    measured = generator.binomial(MEASURED_ON, FLOOR, size=streams)
    times = np.full(streams, NEVER)
    for apart in np.unique(measured):
        same = measured == apart
        times[same] = first_proven(
            stake(DISTANCE, LIMIT + apart / MEASURED_ON, side, chained=side is Side.WORSE),
            [Traffic(law=agreement(FLOOR + LIMIT), pairs=pairs)],
            alpha=ALPHA,
            streams=int(same.sum()),
            generator=generator,
        )
    return times
