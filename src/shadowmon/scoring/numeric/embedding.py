"""
How far apart do two models place the same inputs?

The distance is the angle between the two vectors, as a share of a half turn: a metric, which one
minus the cosine is not, in [0, 1], and what D. Cer et al. compare sentences by ("Universal Sentence
Encoder", 2018, section 5). Computed from the lengths of sum and difference (W. Kahan, "How futile
are mindless assessments of roundoff in floating-point computation?", 2006, section 12): accurate
for small angles, where the arc cosine is not.

Two models' spaces can be compared only if they are meant to be one space, as those of a model and
its quantised form are. A vector of another dimension cannot take the other's place: that is 1.
"""

from __future__ import annotations

import math

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


EMBEDDING_DIVERGENCE = MetricName("embedding_divergence")

_Vector = npt.NDArray[np.float64]


class EmbeddingScorer:
    """Compares two answers' vectors, input by input."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=EMBEDDING_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="The angle between the two models' vectors of one input, as a share of a half"
            " turn; the mean over the inputs.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`. An input of which the baseline has no direction is left out."""
        baseline = readable(pair.baseline)
        expected = [] if baseline is None else [_direction(each) for each in baseline.embeddings]
        if all(each is None for each in expected):
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(EMBEDDING_DIVERGENCE, pair.optimized)]
        if not optimized.embeddings:
            return [
                Observation(metric=EMBEDDING_DIVERGENCE, missing="optimized_without_embeddings")
            ]
        found = [_direction(each) for each in optimized.embeddings]
        found += [None] * (len(expected) - len(found))
        distances = [
            _angle(mine, theirs)
            for mine, theirs in zip(expected, found, strict=False)
            if mine is not None
        ]
        mean = math.fsum(distances) / len(distances)
        return [Observation(metric=EMBEDDING_DIVERGENCE, distance=min(1.0, mean))]


def _direction(vector: Sequence[float]) -> _Vector | None:
    """Return the vector at length 1; None if it has no direction."""
    found = np.asarray(vector, dtype=np.float64)
    largest = float(np.max(np.abs(found), initial=0.0))
    if not 0 < largest < math.inf:  # a NaN is not
        return None
    found = found / largest  # so that no square of it is beyond a float
    return found / math.sqrt(float(found @ found))


def _angle(one: _Vector, other: _Vector | None) -> float:
    if other is None or len(one) != len(other):
        return 1.0
    apart, along = one - other, one + other
    half = math.atan2(math.sqrt(float(apart @ apart)), math.sqrt(float(along @ along)))
    return min(1.0, 2 * half / math.pi)
