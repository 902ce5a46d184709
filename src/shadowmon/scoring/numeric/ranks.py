"""
How far apart are two orders of the same, or nearly the same, things?

Three measures, for none sees all. RBO looks at the top first and never ends; nDCG asks what a
reader of the first few loses; Kendall's distance counts every pair that changed places. An order
has no ties and names nothing twice.
"""

from __future__ import annotations

import math

from bisect import bisect_right, insort
from collections.abc import Hashable, Sequence


PERSISTENCE = 0.9
"""RBO's p: the first ten places have 86 % of the weight."""
DEPTH = 10
"""The places that nDCG looks at."""


def rank_biased_overlap(
    one: Sequence[Hashable], other: Sequence[Hashable], persistence: float = PERSISTENCE
) -> float:
    """
    Return the extrapolated rank-biased overlap, in [0, 1]; 1 for the same order, symmetric.

    W. Webber, A. Moffat, J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4),
    2010, eq. 32: for lists of uneven length, beyond which they go on as they agreed so far. Two
    empty lists are the same, an empty one and another share nothing.
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return 1.0 if not long else 0.0
    overlaps = _overlaps(short, long)
    at_short, at_long = overlaps[len(short) - 1], overlaps[-1]
    total, weight = 0.0, 1.0
    for depth, overlap in enumerate(overlaps, start=1):
        weight *= persistence
        total += overlap / depth * weight
        if depth > len(short):
            total += at_short * (depth - len(short)) / (len(short) * depth) * weight
    rest = ((at_long - at_short) / len(long) + at_short / len(short)) * weight
    return min(1.0, (1 - persistence) / persistence * total + rest)


def ndcg(ideal: Sequence[Hashable], found: Sequence[Hashable], depth: int = DEPTH) -> float:
    """
    Return the normalised discounted cumulative gain of the first places, in [0, 1].

    K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4),
    2002, with the discount log2(1 + place). What stands first in the ideal order gains `depth`, the
    next one less, what stands beyond `depth` nothing.
    """
    top = ideal[:depth]
    gains = {key: len(top) - place for place, key in enumerate(top)}
    best = _discounted([gains[key] for key in top])
    return _discounted([gains.get(key, 0) for key in found[:depth]]) / best if best else 1.0


def kendall_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """
    Return Kendall's distance, in [0, 1], as a share of what it could be; symmetric.

    R. Fagin, R. Kumar, D. Sivakumar, "Comparing top k lists", SIAM J. Discrete Math. 17(1), 2003,
    with penalty 1/2: a pair counts if the lists order it differently, where what a list does not
    name comes after all that it does; half, if one list orders it and the other names neither. 0
    for the same order, 1 for the reverse and for lists that share nothing.
    """
    ours, theirs = ({key: at for at, key in enumerate(order)} for order in (one, other))
    only_one, only_other = len(ours.keys() - theirs), len(theirs.keys() - ours)
    open_pairs = math.comb(only_one, 2) + math.comb(only_other, 2)
    size = len(ours.keys() | theirs)
    most = math.comb(size, 2) - open_pairs / 2
    if most == 0:
        return 0.0
    places = sorted(
        (ours.get(key, len(ours)), theirs.get(key, len(theirs))) for key in ours.keys() | theirs
    )
    return (_inversions([place for _, place in places]) + open_pairs / 2) / most


def _overlaps(short: Sequence[Hashable], long: Sequence[Hashable]) -> list[int]:
    """Return how many things both lists name in their first 1, 2, … places."""
    in_short: set[Hashable] = set()
    in_long: set[Hashable] = set()
    overlaps, overlap = [], 0
    for place, theirs in enumerate(long):
        in_long.add(theirs)
        overlap += theirs in in_short
        if place < len(short):
            in_short.add(short[place])
            overlap += short[place] in in_long
        overlaps.append(overlap)
    return overlaps


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(place) for place, gain in enumerate(gains, start=2))


def _inversions(places: Sequence[int]) -> int:
    """Count the pairs of which the later one is smaller."""
    seen: list[int] = []
    count = 0
    for place in places:
        count += len(seen) - bisect_right(seen, place)
        insort(seen, place)
    return count
