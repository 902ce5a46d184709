"""How far apart two probability distributions over labels are."""

from __future__ import annotations

import math

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt


_Rows = npt.NDArray[np.float64]
_TINY = np.finfo(np.float64).tiny
"""Has a logarithm, unlike 0."""


def normalized(weights: Mapping[str, float]) -> dict[str, float] | None:
    """Return the weights scaled to a sum of 1; None if they are no distribution."""
    if any(not math.isfinite(weight) or weight < 0 for weight in weights.values()):
        return None
    try:
        total = math.fsum(weights.values())
    except OverflowError:
        return None
    return {label: weight / total for label, weight in weights.items()} if total > 0 else None


def jensen_shannon(one: Mapping[str, float], other: Mapping[str, float]) -> float:
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


def jensen_shannon_rows(ones: _Rows, others: _Rows) -> _Rows:
    """
    Return the Jensen-Shannon divergence of many pairs of distributions at once, in bits.

    Args:
        ones: A row for each distribution, a column for each label; each row sums to 1.
        others: The rows that they are held against, of the same shape.

    Returns:
        One figure in [0, 1] for each row; as `jensen_shannon`, within rounding.

    """
    # JS = H(m) - (H(p) + H(q)) / 2; written in sums of x log x, each array is gone through once.
    terms = _x_log_x(ones) + _x_log_x(others) - _x_log_x(ones + others)
    return np.clip(1 + terms / (2 * math.log(2)), 0.0, 1.0)


def _x_log_x(rows: _Rows) -> _Rows:
    """Return the sum of x ln x over each row, where 0 ln 0 is 0."""
    logarithms = np.maximum(rows, _TINY)
    np.log(logarithms, out=logarithms)
    return np.asarray(np.einsum("ij,ij->i", rows, logarithms))
