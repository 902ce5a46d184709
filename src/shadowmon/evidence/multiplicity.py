"""
One error rate for many rules and slices, whatever their dependence.

The weighted average of e-values is an e-value: its mean is the weighted average of means that are
at most 1 each, and no independence is used in that (Vovk and Wang, E-values: calibration,
combination and applications, Annals of Statistics 49, 2021). So is the average of wealth processes
at every moment. If every claim is false, the average therefore reaches 1/alpha with a chance of at
most alpha, over all claims and all time. It is never slower than Bonferroni with the same weights:
if one e-value alone reaches 1/(alpha x weight), the average has reached 1/alpha.

A promotion needs none of this: every required claim must be proven, each at the full alpha, and to
promote wrongly is to prove one that is false (intersection-union).
"""

from __future__ import annotations

import math

from collections.abc import Sequence

import numpy as np

from shadowmon.evidence.eprocess import log_sum_exp
from shadowmon.evidence.gains import Floats


_ROUNDING = 1e-9


def average(log_e_values: Sequence[float], weights: Sequence[float]) -> float:
    """
    Return the logarithm of the weighted average of e-values.

    Args:
        log_e_values: Natural logarithms.
        weights: One for each, fixed before the evidence began; the unused rest of 1 is given up.

    Raises:
        ValueError: If there are no e-values, or the weights are not one for each, are negative or
            sum to more than 1, or are all 0.

    """
    return float(log_sum_exp(_terms(log_e_values, weights)))


def blame(log_e_values: Sequence[float], weights: Sequence[float]) -> int:
    """Return which e-value has the largest share in the average; the first of equals."""
    return int(_terms(log_e_values, weights).argmax())


def _terms(log_e_values: Sequence[float], weights: Sequence[float]) -> Floats:
    if not log_e_values or len(log_e_values) != len(weights):
        message = f"{len(log_e_values)} e-values, {len(weights)} weights: need one for each, not 0"
        raise ValueError(message)
    total = math.fsum(weights)
    if min(weights) < 0 or not 0 < total <= 1 + _ROUNDING:
        message = (
            f"weights {list(weights)} sum to {total}: none may be negative, nor the sum 0 or > 1"
        )
        raise ValueError(message)
    with np.errstate(divide="ignore"):  # no weight, no share
        terms: Floats = np.array(log_e_values, dtype=np.float64) + np.log(weights)
    return terms
