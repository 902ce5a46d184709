"""
Did the mix of answers move? How often each model calls each class, and how far apart that is.

The figure is the Jensen-Shannon divergence of the two mixes. It is positive even where nothing
moved, for samples differ; so it comes with what it would be by chance. To the second order it is

    sum over classes of (p - q)^2 / m / (8 ln 2),   m = (p + q) / 2,

and of N pairs of which b were called a class by the baseline alone and c by the optimized model
alone, (p - q) varies by (b + c) / N^2 if the models call the class equally often (Q. McNemar,
Psychometrika 12, 1947): both answer the same requests, so that what they call alike says nothing.

For people: a mix may stay as it is while every answer changes, and nothing is decided on it.
"""

from __future__ import annotations

import math

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shadowmon.scoring.classification.distributions import jensen_shannon


Table: TypeAlias = tuple[float, float, float, float]
"""Pairs whose answer was called a class by: neither, the optimized model only, the baseline only,
both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Both models' mixes. None stands for every answer that is no configured class."""

    baseline: Mapping[str | None, float]
    """Class -> its share of the answers; they sum to 1."""
    optimized: Mapping[str | None, float]
    moved_bits: float
    """In [0, 1]: 0 if both call every class equally often, 1 if they share none."""
    by_chance_bits: float
    """What `moved_bits` is on average where nothing moved."""


def mix(tables: Mapping[str | None, Table]) -> Mix | None:
    """
    Return both models' mixes; None if no pair was counted.

    Args:
        tables: Of every class, and of None; each over the same pairs.
    """
    size = max((sum(table) for table in tables.values()), default=0)
    if not size:
        return None
    ours = {name: (alone + both) / size for name, (_, _, alone, both) in tables.items()}
    theirs = {name: (alone + both) / size for name, (_, alone, _, both) in tables.items()}
    variances = {name: (one + other) / size**2 for name, (_, one, other, _) in tables.items()}
    terms = [2 * each / (ours[name] + theirs[name]) for name, each in variances.items() if each]
    return Mix(
        baseline=ours,
        optimized=theirs,
        moved_bits=jensen_shannon(ours, theirs),
        by_chance_bits=math.fsum(terms) / (8 * math.log(2)),
    )
