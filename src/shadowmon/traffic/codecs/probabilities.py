"""Is this a distribution over labels? Only then is it one in the normal form."""

from __future__ import annotations

import math

from collections.abc import Mapping


TOLERANCE = 0.01
"""How far from 1 the sum may be: servers round, and quantised models round more."""


def distribution(found: Mapping[str, float]) -> Mapping[str, float] | None:
    """
    Return `found` if it is a distribution, else None.

    Scores of several independent labels, or logits, are none, and turning them into one would
    make up what the model did not say.
    """
    if not found or not all(0.0 <= p <= 1.0 + TOLERANCE for p in found.values()):
        return None
    return found if abs(math.fsum(found.values()) - 1.0) <= TOLERANCE else None


def softmax(logits: Mapping[str, float]) -> Mapping[str, float]:
    """Return the distribution that these logits stand for."""
    highest = max(logits.values())
    powers = {label: math.exp(logit - highest) for label, logit in logits.items()}
    total = math.fsum(powers.values())
    return {label: power / total for label, power in powers.items()}


def likeliest(found: Mapping[str, float]) -> str:
    """Return the label with the highest figure; of equal ones the first."""
    return max(found, key=lambda label: found[label])
