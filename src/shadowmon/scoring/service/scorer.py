"""
Did each model answer at all, and what did the answer cost in time, tokens and money?

Everything here is judged over the present stage alone: load and audience change with the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shadowmon.records import (
    Answer,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Outcome,
    Pair,
    Reply,
    Scope,
)
from shadowmon.scoring.readable import readable
from shadowmon.scoring.service.prompt_cache import is_uneven
from shadowmon.scoring.settings import ScoringSettings


ERROR = MetricName("error")
LATENCY_EXCESS = MetricName("latency_excess")
FIRST_TOKEN_EXCESS = MetricName("first_token_excess")
OUTPUT_TOKENS_EXCESS = MetricName("output_tokens_excess")
COST_EXCESS = MetricName("cost_excess")

_FIGURES: dict[MetricName, Callable[[Reply, Answer], float | None]] = {
    LATENCY_EXCESS: lambda reply, _: reply.duration_seconds,
    FIRST_TOKEN_EXCESS: lambda reply, _: reply.first_byte_seconds,
    OUTPUT_TOKENS_EXCESS: lambda _, answer: answer.output_tokens,
    COST_EXCESS: lambda reply, _: reply.cost,
}


_TIMES = frozenset((LATENCY_EXCESS, FIRST_TOKEN_EXCESS))


def _excess_metric(name: MetricName, sentence: str) -> Metric:
    return Metric(name=name, kind=MetricKind.DIVERGENCE, scope=Scope.STAGE, sentence=sentence)


class ServiceScorer:
    """Compares how the two models served, whatever they said."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=ERROR,
            kind=MetricKind.VERDICTS,
            scope=Scope.STAGE,
            sentence="The model failed to give a whole answer.",
        ),
        _excess_metric(
            LATENCY_EXCESS,
            "The share of the optimized model's answering time by which it exceeds the"
            " baseline's; 0 if it was no slower.",
        ),
        _excess_metric(
            FIRST_TOKEN_EXCESS,
            "The share of the optimized model's time to the first byte of its answer by which it"
            " exceeds the baseline's; 0 if it was no slower.",
        ),
        _excess_metric(
            OUTPUT_TOKENS_EXCESS,
            "The share of the optimized model's output tokens by which they exceed the"
            " baseline's; 0 if there were no more.",
        ),
        _excess_metric(
            COST_EXCESS,
            "The share of the optimized model's cost by which it exceeds the baseline's; 0 if it"
            " cost no more.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        return [_error(pair), *_excesses(pair)]


def excess(baseline: float, optimized: float) -> float:
    """Return 1 - min(1, baseline / optimized), in [0, 1]: 0.5 is twice the baseline's figure."""
    return 0.0 if optimized <= baseline else 1 - baseline / optimized


def _error(pair: Pair) -> Observation:
    """Say for each model whether it failed; a call that we kept from being made says nothing."""
    if Outcome.SHED in {pair.baseline.outcome, pair.optimized.outcome}:
        return Observation(metric=ERROR, missing="shed")
    return Observation(
        metric=ERROR,
        baseline=readable(pair.baseline) is None,
        optimized=readable(pair.optimized) is None,
    )


def _excesses(pair: Pair) -> list[Observation]:
    baseline, optimized = readable(pair.baseline), readable(pair.optimized)
    if baseline is None or optimized is None:
        return []
    observations = []
    uneven = is_uneven(baseline, optimized)
    for metric, figure in _FIGURES.items():
        if uneven and metric in _TIMES:
            continue
        ours, theirs = figure(pair.baseline, baseline), figure(pair.optimized, optimized)
        if ours is not None and theirs is not None:
            observations.append(Observation(metric=metric, distance=excess(ours, theirs)))
    return observations
