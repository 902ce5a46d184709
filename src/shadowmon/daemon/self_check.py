"""
The baseline held against itself: a second answer to some requests, and what it corrects.

Models answer differently each time. What the optimized model diverges from the baseline is read
against what the baseline diverges from itself, jointly (evidence/floor.py): to subtract an
estimated floor as if it were known errs in about half of all cases at the boundary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from shadowmon.config.measures import excess_of, floor_of, has_floor
from shadowmon.evidence.floor import excess
from shadowmon.records import ExchangeId, Metric, MetricName, Observation, Outcome, Pair, Score
from shadowmon.sticky import SPAN, place


_SALT = b"shadowmon-self-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """How one route checks its baseline against itself."""

    share: float
    """Probability of a second call, drawn independently of content."""
    lean: float
    metrics: Mapping[MetricName, Metric]

    def is_due(self, exchange_id: ExchangeId) -> bool:
        """Is the baseline to be asked a second time?"""
        return place(_SALT, exchange_id.encode("utf-8", "replace")) < self.share * SPAN

    def observations(self, score: Score, again: Score | None) -> Iterator[Observation]:
        """
        Return the floor and the excess of every divergence of a pair.

        Args:
            score: Of the pair.
            again: Of the baseline's two answers; None if there is no second one.
        """
        if not self.share:
            return
        floors = _distances(again.observations) if again else {}
        failed = score.pair.baseline_again is not None and again is None
        unsaid = _unsaid(score, again)
        for seen in score.observations:
            metric = self.metrics.get(seen.metric)
            if metric is None or not has_floor(metric) or seen.metric in unsaid:
                continue
            if excess_of(metric.name) in self.metrics:
                yield from self._of(seen, floors.get(seen.metric), failed or again is not None)

    def _of(
        self, seen: Observation, floor: float | None, is_checked: bool
    ) -> Iterator[Observation]:
        name = excess_of(seen.metric)
        if seen.distance is None:
            yield Observation(metric=name, missing=seen.missing)
            return
        if is_checked and floor is None:
            yield Observation(metric=name, missing="no_second_answer")
            return
        if floor is not None:
            yield Observation(metric=floor_of(seen.metric), distance=floor)
        distance = excess(seen.distance, floor, share=self.share, lean=self.lean)
        yield Observation(metric=name, distance=distance)


def self_pair(pair: Pair) -> Pair | None:
    """Return the baseline's two answers as a pair; None if there is no second one to compare."""
    again = pair.baseline_again
    if again is None or again.outcome is not Outcome.OK:
        return None
    return replace(pair, optimized=again, baseline_again=None)


def _unsaid(score: Score, again: Score | None) -> set[MetricName]:
    """
    Return what was measured of the pair and does not even count as missing of the second answer.

    Whether a metric applies is a matter of the baseline, which is the same: so whoever measures it
    had trouble of its own (`records.Assessment.unavailable`), and the pair is left out.
    """
    if again is None:
        return set()
    said = {each.metric for each in again.observations}
    return {each.metric for each in score.observations} - said


def _distances(observations: Iterable[Observation]) -> dict[MetricName, float]:
    return {each.metric: each.distance for each in observations if each.distance is not None}
