"""Whether two models' final answers to a mathematical question are the same."""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import (
    Answer,
    Assessment,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Pair,
)
from shadowmon.scoring.assessed import observe_assessed
from shadowmon.scoring.mathematics.equality import same_at_sight
from shadowmon.scoring.mathematics.final_answer import final_answer
from shadowmon.scoring.mathematics.number import number
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


ANSWERS_DIFFER = "answers_differ"
"""The assessment that is read: distance 1 if two formulas were not proven equal, 0 if they were."""

ANSWER_DIVERGENCE = Metric(
    name=MetricName("answer_divergence"),
    kind=MetricKind.DIVERGENCE,
    sentence="The two models' final answers are different (1) or the same (0).",
)
NO_FINAL_ANSWER = Metric(
    name=MetricName("no_final_answer"),
    kind=MetricKind.VERDICTS,
    sentence="The model's text comes to no final answer.",
)


class MathScorer:
    """
    Compares final answers: exactly where they are numbers, else by a proof, where one was tried.

    Without a proof (assessors/symbolic_math.py) two formulas are the same if they are written
    alike. An optimized answer that comes to nothing is a different one.
    """

    metrics: tuple[Metric, ...] = (ANSWER_DIVERGENCE, NO_FINAL_ANSWER)

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        text = None if baseline is None else told(baseline)
        if text is None:
            return ()
        expected = final_answer(text)
        optimized = readable(pair.optimized)
        if optimized is None:
            applying = self.metrics if expected is not None else (NO_FINAL_ANSWER,)
            return [unread(metric.name, pair.optimized) for metric in applying]
        found = final_answer(told(optimized) or "")
        observed = [
            Observation(
                metric=NO_FINAL_ANSWER.name, baseline=expected is None, optimized=found is None
            )
        ]
        if expected is not None:
            assessment = pair.assessments.get(ANSWERS_DIFFER)
            divergence = _divergence(expected, found, assessment)
            observed += [] if divergence is None else [divergence]
        return observed


def told(answer: Answer) -> str | None:
    """Return where an answer's final answer is looked for: its label, else its text."""
    return answer.label if answer.label is not None else answer.text


def _divergence(
    expected: str, found: str | None, assessment: Assessment | None
) -> Observation | None:
    """
    Return how the answers differ; None if it could not be found out for our own reasons.

    Our own reasons count as missing nevertheless where the baseline's answer is a number: it was
    the optimized model that made a proof necessary, and only pairs that look different would be
    left out.
    """
    is_number = number(expected) is not None
    if found is not None and is_number and number(found) is not None:
        assessment = None
    if assessment is None:
        is_same = found is not None and same_at_sight(expected, found) is True
        return Observation(metric=ANSWER_DIVERGENCE.name, distance=0.0 if is_same else 1.0)
    if assessment.unavailable and is_number:
        return Observation(metric=ANSWER_DIVERGENCE.name, missing=assessment.unavailable)
    return observe_assessed(ANSWER_DIVERGENCE, assessment)
