"""Which of these belongs to which of those, so that the most is the same?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scipy.optimize import linear_sum_assignment


EXACT_MAX = 2**50
"""Whole numbers up to it are weighed exactly, with room for the sums that the search forms."""


def best_assignment(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """
    Return the pairs (row, column) whose weights sum to the most; each row and column once at most.

    Every row is used, or every column, whichever are fewer. D. F. Crouse, "On implementing 2D
    rectangular assignment algorithms", IEEE Trans. Aerosp. Electron. Syst. 52(4), 2016.
    """
    if not weights or not weights[0]:
        return []
    if len(weights) == 1:
        return [(0, max(range(len(weights[0])), key=weights[0].__getitem__))]
    rows, columns = linear_sum_assignment(np.array(weights, dtype=float), maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
