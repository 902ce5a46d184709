"""
One error rate for every climb of an epoch, however often the ladder is climbed.

What a service claim has to prove, it has to prove anew in each stage, for load and audience change
with the stage. Each stage is then one more chance to err, and a trial that steps down and climbs
again has no end of stages. So their number in the epoch says what a stage may err with:

    the first pass, as many stages as the ladder has     alpha / stages
    pass p after it, as many again, p = 1, 2, ...        alpha / stages x AFTERWARDS / (p (p + 1))

The first pass spends alpha, as if there were no other, and all after it AFTERWARDS x alpha
together, for the sum of 1 / (p (p + 1)) is 1. By the union bound a claim that is false throughout
is climbed on with a chance of at most (1 + AFTERWARDS) alpha, whenever one looks and however often
the trial steps down; the stages' evidence need not be independent. The number of a stage is known
before its first pair.
"""

from __future__ import annotations

import math


AFTERWARDS = 0.1
"""What all passes after the first may add to alpha, as a share of it."""


def log_e_needed(alpha: float, *, stages: int, number: int) -> float:
    """
    Return the natural logarithm of the e-value that proves a service claim in a stage.

    Args:
        alpha: Of the first pass.
        stages: Climbs of one pass.
        number: Of the stage among those of its epoch in which a climb was asked for, from 1.

    """
    passed = (number - 1) // stages
    share = AFTERWARDS / (passed * (passed + 1)) if passed else 1.0
    return math.log(stages / (alpha * share))
