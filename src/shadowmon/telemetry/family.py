"""What a metric family is."""

from __future__ import annotations

import enum

from collections.abc import Mapping
from dataclasses import dataclass, field


PREFIX = "shadowmon_"

UNBOUNDED = "+Inf"
SUM = "sum"
"""In the place of a bucket's bound, the last label: the sum of what was observed."""
EXEMPLAR = "_exemplar"
"""
After a histogram's name: one observation of a bucket, told as a number of this moment. Its labels
are the family's, the bucket's bound, and what the family tells exemplars apart by.
"""


class Kind(enum.StrEnum):
    """How a family's numbers behave."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric family."""

    name: str
    """Without the prefix."""
    kind: Kind
    sentence: str
    labels: tuple[str, ...] = ()
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Label -> all the values it can have, where they are known beforehand."""
    buckets: tuple[float, ...] = ()
    """Of a histogram: upper bounds, without the last one."""
    exemplars: tuple[str, ...] = ()
    """Of a histogram: the names under which one observation of each bucket is told apart."""

    def bounds(self) -> tuple[str, ...]:
        """Return a histogram's upper bounds as text, the last one included."""
        return (*map(str, self.buckets), UNBOUNDED)

    def series_of_one(self) -> int:
        """Return how many series one label set has."""
        return len(self.bounds()) + 2 if self.buckets else 1

    def parts(self) -> tuple[str, ...]:
        """Return what a histogram's last label can be."""
        return (*self.bounds(), SUM)


def counter(name: str, sentence: str, *labels: str, **closed: tuple[str, ...]) -> Family:
    """Return a family that only grows."""
    return Family(name=name, kind=Kind.COUNTER, sentence=sentence, labels=labels, closed=closed)


def gauge(name: str, sentence: str, *labels: str, **closed: tuple[str, ...]) -> Family:
    """Return a family of numbers of this moment."""
    return Family(name=name, kind=Kind.GAUGE, sentence=sentence, labels=labels, closed=closed)


def histogram(
    name: str,
    sentence: str,
    buckets: tuple[float, ...],
    *labels: str,
    exemplars: tuple[str, ...] = (),
    **closed: tuple[str, ...],
) -> Family:
    """Return a family of observations in buckets."""
    return Family(
        name=name,
        kind=Kind.HISTOGRAM,
        sentence=sentence,
        labels=labels,
        closed=closed,
        buckets=buckets,
        exemplars=exemplars,
    )
