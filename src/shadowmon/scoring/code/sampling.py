"""How likely is it that one of k answers is right? (pass@k)"""

from __future__ import annotations

import math


def pass_at_k(answers: int, right: int, k: int) -> float:
    """
    Return the unbiased estimate 1 - C(answers - right, k) / C(answers, k), in [0, 1].

    Chen et al., Evaluating Large Language Models Trained on Code (2021), equation 1: the
    share of all choices of k of the answers in which at least one is right.

    Raises:
        ValueError: Unless 0 <= right <= answers and 1 <= k <= answers.

    """
    if not 0 <= right <= answers:
        msg = f"{right} of {answers} answers cannot be right"
        raise ValueError(msg)
    if not 1 <= k <= answers:
        msg = f"k ({k}) must be from 1 to the number of answers ({answers})"
        raise ValueError(msg)
    return 1 - math.comb(answers - right, k) / math.comb(answers, k)
