"""How far apart two probability distributions over labels are."""

from __future__ import annotations

import math

from collections.abc import Hashable, Mapping
from typing import TypeVar


_Label = TypeVar("_Label", bound=Hashable)


def normalized(weights: Mapping[str, float]) -> dict[str, float] | None:
    """Return the weights scaled to a sum of 1; None if they are no distribution."""
    if any(not math.isfinite(weight) or weight < 0 for weight in weights.values()):
        return None
    try:
        total = math.fsum(weights.values())
    except OverflowError:
        return None
    return {label: weight / total for label, weight in weights.items()} if total > 0 else None


def jensen_shannon(one: Mapping[_Label, float], other: Mapping[_Label, float]) -> float:
    """
    Return the Jensen-Shannon divergence of two distributions, in bits.

    In [0, 1]: 0 for the same distribution, 1 for two that share no label; symmetric, to the last
    bit. A label that one of them does not name has probability 0 there (J. Lin, "Divergence
    Measures Based on the Shannon Entropy", IEEE Trans. Inf. Theory 37(1), 1991, eq. 3.4).
    """
    terms = []
    for label in one.keys() | other.keys():
        p, q = one.get(label, 0.0), other.get(label, 0.0)
        # log2(p / m), where m = (p + q) / 2 is written out: m itself could underflow to 0
        if p > 0:
            terms.append(p * math.log2(2 * p / (p + q)))
        if q > 0:
            terms.append(q * math.log2(2 * q / (p + q)))
    return min(1.0, max(0.0, math.fsum(terms) / 2))
