"""A share as two small integers, one for each side, as mesh and proxy weights want it. Pure."""

from __future__ import annotations

import math

from dataclasses import dataclass
from fractions import Fraction

from shadowmon.records import ALL_TRAFFIC, NO_TRAFFIC, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What each side's servers are given."""

    baseline: int
    optimized: int


def closest(
    weight: Weight, *, most: int, baseline_servers: int = 1, optimized_servers: int = 1
) -> Ratio:
    """
    Return the two integers up to `most` that come closest to a share.

    Every whole percent is met exactly with `most` 100 or more and as many servers on either side.
    A share between none and all never becomes none or all.

    Args:
        weight: The optimized side's share.
        most: The largest weight of one server.
        baseline_servers: How many servers are given the baseline's integer.
        optimized_servers: How many are given the other.

    """
    if weight in {NO_TRAFFIC, ALL_TRAFFIC}:
        idle = weight == NO_TRAFFIC
        return Ratio(baseline=100 if idle else 0, optimized=0 if idle else 100)
    wanted = Fraction(weight, ALL_TRAFFIC)
    best, least = Ratio(baseline=1, optimized=1), Fraction(2)
    for optimized in range(1, most + 1):
        load = optimized * optimized_servers
        # The baseline's integer for which load / (load + n * baseline) is the share that is wanted.
        exact = load * (1 - wanted) / (wanted * baseline_servers)
        for neighbour in (math.floor(exact), math.ceil(exact)):
            baseline = min(max(1, neighbour), most)
            share = Fraction(load, load + baseline * baseline_servers)
            if abs(share - wanted) < least:
                best, least = Ratio(baseline=baseline, optimized=optimized), abs(share - wanted)
    return best


def share_of(optimized: int, everything: int) -> Weight:
    """Return a share in basis points, the nearest one; never none or all where it is neither."""
    weight = round(Fraction(optimized * ALL_TRAFFIC, everything))
    if 0 < optimized < everything:
        weight = min(max(weight, 1), ALL_TRAFFIC - 1)
    return Weight(weight)
