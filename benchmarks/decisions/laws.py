"""
What the next pair may be: four laws, each with a loss that can be set.

They are those of the statistics study: answers that agree or not, verdicts that flip, text scores
that mostly tie, and distances that are mostly 0. A loss of 0.01 means that the optimized model is
worse by one hundredth on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray
from scipy.stats import beta


Floats: TypeAlias = NDArray[np.float64]
Draws: TypeAlias = NDArray[np.intp]

FLIPS = 0.03
"""Share of pairs in which one model is right and the other wrong though neither is better."""

_STEPS = 400
"""A continuous law is drawn from so many of its quantiles."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Law:
    """What the next pair may be, and how probable each is."""

    losses: Floats
    """The loss that each possible pair shows."""
    chances: Floats
    rates: tuple[int, ...] = ()
    """With which probability, in basis points, each was sampled; empty if all traffic is seen."""

    @property
    def mean(self) -> float:
        """The true loss."""
        return float(self.losses @ self.chances)

    def draw(self, generator: np.random.Generator, size: tuple[int, ...]) -> Draws:
        """Return the numbers of the pairs drawn."""
        return np.searchsorted(
            np.cumsum(self.chances)[:-1], generator.random(size), side="right"
        ).astype(np.intp)


def agreement(loss: float) -> Law:
    """Return a law of answers that are the same (0) or not (1)."""
    return _law([0.0, 1.0], [1 - loss, loss])


def flips(loss: float, *, noise: float = FLIPS) -> Law:
    """Return a law of paired verdicts: only the baseline right (1), the same (0), the reverse."""
    differing = max(noise, abs(loss))
    return _law([-1.0, 0.0, 1.0], [(differing - loss) / 2, 1 - differing, (differing + loss) / 2])


def text(loss: float) -> Law:
    """Return a law of paired text scores: six in ten tie, the others differ, by 0.2 as a rule."""
    ties, spread = 0.6, 24
    middle = loss / (1 - ties)
    chance = (middle + 1) / 2
    values = 2 * _quantiles(chance * spread, (1 - chance) * spread) - 1
    return _mixed(ties, np.clip(values + (middle - values.mean()), -1, 1))


def sparse(loss: float) -> Law:
    """Return a law of distances: nine in ten are 0, the others spread over (0, 1)."""
    if not loss:
        return _law([0.0], [1.0])
    ties, spread = 0.9, 3
    middle = loss / (1 - ties)
    values = _quantiles(middle * spread, (1 - middle) * spread)
    return _mixed(ties, np.clip(values * (middle / values.mean()), 0, 1))


def _quantiles(a: float, b: float) -> Floats:
    quantiles: Floats = beta.ppf((np.arange(_STEPS) + 0.5) / _STEPS, a, b)
    return quantiles


def _mixed(ties: float, values: Floats) -> Law:
    return _law(np.append(0.0, values), np.append(ties, np.full(_STEPS, (1 - ties) / _STEPS)))


def _law(losses: Sequence[float] | Floats, chances: Sequence[float] | Floats) -> Law:
    return Law(losses=np.array(losses, dtype=float), chances=np.array(chances, dtype=float))


LAWS: dict[str, Callable[[float], Law]] = {
    "agree or not": agreement,
    "paired verdicts": flips,
    "paired text scores": text,
    "sparse distances": sparse,
}
