"""Does an answer follow the JSON Schema that its request asked for?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.documents import parsed
from shadowmon.scoring.structure.json_schema import Schemas


SCHEMA_INVALID = MetricName("schema_invalid")


class SchemaScorer:
    """Holds both answers to the schema of the question (its response format)."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=SCHEMA_INVALID,
            kind=MetricKind.VERDICTS,
            sentence="The model's answer is not valid against the JSON Schema that the request"
            " asked for.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:  # noqa: ARG002 - of the protocol
        """See `Scorer`; nothing is configurable here."""
        self._schemas = Schemas()

    def score(self, pair: Pair) -> Sequence[Observation]:
        """
        See `Scorer.score`.

        Where the baseline called tools or refused in the wire's own way, the schema was not asked
        of it, and nothing is observed.
        """
        baseline, schema = readable(pair.baseline), pair.question.schema
        if schema is None or baseline is None or not _says_something(baseline):
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(SCHEMA_INVALID, pair.optimized)]
        valid = [self._valid(answer, schema) for answer in (baseline, optimized)]
        if valid[0] is None or valid[1] is None:
            return [Observation(metric=SCHEMA_INVALID, missing="schema_unusable")]
        return [Observation(metric=SCHEMA_INVALID, baseline=not valid[0], optimized=not valid[1])]

    def _valid(self, answer: Answer, schema: Any) -> bool | None:  # noqa: ANN401 - any JSON
        """Judge the text as it is: a program that reads it does not take a fence off first."""
        instance = answer.fields
        if instance is None:
            text = (answer.text or "").strip()
            instance = parsed(text)
            if instance is None and text != "null":
                # Still asked of the validator, so that what is missing does not hang on the answer.
                return None if self._schemas.valid(None, schema) is None else False
        return self._schemas.valid(instance, schema)


def _says_something(answer: Answer) -> bool:
    return answer.fields is not None or bool((answer.text or "").strip())
