"""
Which of many claims to list as proven, when a few false ones among them may be borne.

For reports; no rule decides by it. The e-BH procedure lists the k claims with the largest e-values,
for the largest k such that the least of them reaches K / (alpha k), K being the number of all. The
expected share of false ones in the list (FDR) is at most alpha, whatever their dependence (Wang and
Ramdas, False discovery rate control with e-values, JRSS B 84, 2022). It holds at any one moment
that the list is looked at, chosen beforehand or by the evidence itself.
"""

from __future__ import annotations

import math

from collections.abc import Sequence


def discoveries(log_e_values: Sequence[float], *, alpha: float) -> list[int]:
    """
    Return which claims to list, the best proven first.

    Args:
        log_e_values: Natural logarithms, of all claims that were looked at.
        alpha: Expected share of false ones in the list, in (0, 1).

    """
    ranked = sorted(range(len(log_e_values)), key=lambda which: -log_e_values[which])
    needed = math.log(len(ranked) or 1) - math.log(alpha)
    listed = [
        rank
        for rank, which in enumerate(ranked, start=1)
        if log_e_values[which] >= needed - math.log(rank)
    ]
    return ranked[: max(listed, default=0)]
