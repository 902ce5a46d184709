"""Labels and their figures; and is that a distribution? Only then is it one in the normal form."""

from __future__ import annotations

import math

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError


TOLERANCE = 0.01
"""How far from 1 the sum may be: servers round, and quantised models round more."""


def labelled(found: object, what: str) -> Mapping[str, float]:
    """
    Read figures by label, in any form that servers write them in.

    {label: p}; [{"label": …, "score": p}, …] (Hugging Face's form); [[label, p], …] (TensorFlow
    Serving's); [p, …], where a label is the place.

    Args:
        found: Parsed JSON.
        what: What it is, for the message.

    Raises:
        CodecError: If it is none of them, or empty, or a label is there twice.

    """
    pairs: list[tuple[Any, Any]] = []
    if isinstance(found, dict):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = [_pair(place, item) for place, item in enumerate(found)]
    if not pairs or not all(type(p) in {int, float} for _, p in pairs):
        msg = f"{what} is no list or object of numbers"
        raise CodecError(msg)
    figures = {str(label): float(p) for label, p in pairs}
    if len(figures) != len(pairs):
        msg = f"{what} has the same label twice"
        raise CodecError(msg)
    return figures


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


def _pair(place: int, item: object) -> tuple[Any, Any]:
    if isinstance(item, dict):
        return item.get("label"), item.get("score")
    if isinstance(item, list) and len(item) == 2:  # noqa: PLR2004 - label and score
        return item[0], item[1]
    return place, item
