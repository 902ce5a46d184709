"""Which of these belongs to which of those, so that the most is the same?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


EXACT_MAX = 2**50
"""Whole numbers up to it are weighed exactly, with room for the sums that the search forms."""


def prepare() -> None:
    """
    Load the search, which takes 0.3 s: whoever will need it does so before the first pair.

    Who only asks what is measured never does.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    del linear_sum_assignment


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
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - see `prepare`

    rows, columns = linear_sum_assignment(np.array(weights, dtype=float), maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))
