"""
The yardstick of a distance in meaning: the cosine of answers that have nothing to do with each
other. Modern encoders put it at .6 to .9, so that a raw cosine says little. Pure.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shadowmon.assessors.embedders import Vector


_COSINE_MAX = 0.99
"""Where all answers are alike, as with a fixed form, a difference counts a hundredfold at most."""


class Unrelated:
    """
    Learns, from a trial's first answers, how alike answers to different questions are.

    That is the mean cosine over all shuffled pairs of them. For n vectors of length 1 with the sum
    S it is (|S|^2 - n) / (n (n - 1)): no shuffling, and no vector is kept. It is frozen before the
    first distance is told, so that no pair has a say in how it is measured itself.
    """

    def __init__(self, *, learn_from: int, known: float | None = None) -> None:
        """
        Args:
            learn_from: Answers; at least 2.
            known: The cosine, where an operator gives it; nothing is learnt then.

        """
        self._learn_from = learn_from
        self._sum: npt.NDArray[np.float64] | None = None
        self._count = 0
        self.cosine: float | None = None if known is None else min(known, _COSINE_MAX)

    def learn(self, vector: Vector) -> None:
        """Take one more answer's vector, of length 1."""
        if self.cosine is not None:
            return
        if self._sum is None or self._sum.shape != vector.shape:
            self._sum, self._count = np.zeros(len(vector)), 0
        self._sum += vector
        self._count += 1
        if self._count >= self._learn_from:
            n = self._count
            cosine = (float(self._sum @ self._sum) - n) / (n * (n - 1))
            self.cosine = min(cosine, _COSINE_MAX)


def distance(one: Vector, other: Vector, *, unrelated: float) -> float:
    """
    Return how far apart two vectors of length 1 are, in [0, 1].

    0 is the same direction; 1 is as far apart as `unrelated` answers, a cosine below 1, or farther.
    """
    cosine = float(one @ other)
    return min(1.0, max(0.0, (1 - cosine) / (1 - unrelated)))
