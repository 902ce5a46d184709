"""
How many fields of two JSON answers differ.

A leaf of the document is a field; what makes two of them agree is said in `values`, what is held
against what in `agreement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shadowmon.records import Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Agreement, Comparison
from shadowmon.scoring.structure.documents import document
from shadowmon.scoring.structure.values import Values


INEXACT_FIELDS = MetricName("inexact_fields")
FIELD_DIVERGENCE = MetricName("field_divergence")
PARTIAL_FIELD_DIVERGENCE = MetricName("partial_field_divergence")


class FieldsScorer:
    """Compares two JSON answers leaf by leaf."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=INEXACT_FIELDS,
            kind=MetricKind.DIVERGENCE,
            sentence="The two JSON answers differ in some field (1) or in none (0).",
        ),
        Metric(
            name=FIELD_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="The share of the fields of the two JSON answers that differ or stand in"
            " one answer only.",
        ),
        Metric(
            name=PARTIAL_FIELD_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="As field_divergence, but two texts that share words (F1 of the words) differ"
            " in part only.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        self._comparison = Comparison(values_of(settings))

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        expected = None if baseline is None else document(baseline)
        if expected is None:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(metric.name, pair.optimized) for metric in self.metrics]
        found = document(optimized)
        if found is None:
            return [Observation(metric=metric.name, distance=1.0) for metric in self.metrics]
        shared = self._comparison.agreement(expected, found)
        return [
            Observation(metric=INEXACT_FIELDS, distance=float(not shared.whole)),
            Observation(metric=FIELD_DIVERGENCE, distance=_divergence(shared)),
            Observation(metric=PARTIAL_FIELD_DIVERGENCE, distance=1 - shared.partial),
        ]

    def divergence(self, expected: Any, found: Any) -> float:  # noqa: ANN401 - any JSON
        """Return the share of leaves, of all that either document has, that do not agree."""
        return _divergence(self._comparison.agreement(expected, found))


def values_of(settings: ScoringSettings) -> Values:
    """Return how the settings have two values compared."""
    return Values(
        tolerance=settings.number_tolerance,
        typed=settings.typed_fields,
        fold=settings.fold_strings,
    )


def _divergence(shared: Agreement) -> float:
    return 1 - shared.accuracy
