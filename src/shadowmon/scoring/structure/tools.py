"""
Do both models call the same tools, with the same arguments, and calls that could be made at all?

Nothing here executes a call. The order of calls does not count: each is held against the one it
suits best. Arguments count by their type, for a program reads them: 1 is not "1", though it is 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from shadowmon.records import (
    Answer,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Pair,
    Tool,
    ToolCall,
)
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Comparison
from shadowmon.scoring.structure.assignment import best_assignment
from shadowmon.scoring.structure.json_schema import Schemas
from shadowmon.scoring.structure.values import Values


TOOL_DIVERGENCE = MetricName("tool_divergence")
TOOL_CALL_INVALID = MetricName("tool_call_invalid")

ASSIGNED_MAX = 1_000
"""Calls of the one times calls of the other; beyond it they are held in their order."""

_One = TypeVar("_One")
_Other = TypeVar("_Other")


class ToolsScorer:
    """Compares the calls that two answers propose."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=TOOL_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How little of the two models' tool calls is the same: half of a call is its"
            " name, half its arguments.",
        ),
        Metric(
            name=TOOL_CALL_INVALID,
            kind=MetricKind.VERDICTS,
            sentence="The model called a tool that was not offered, or with arguments that are not"
            " JSON or not what the tool takes.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        self._schemas = Schemas()
        self._comparison = Comparison(
            Values(tolerance=settings.number_tolerance, typed=True, fold=settings.fold_strings)
        )

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline, offered = readable(pair.baseline), pair.question.tools
        if baseline is None or not (offered or baseline.tool_calls):
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            applying = [TOOL_DIVERGENCE, *([TOOL_CALL_INVALID] if offered else [])]
            return [unread(metric, pair.optimized) for metric in applying]
        distance = self.divergence(baseline.tool_calls, optimized.tool_calls, offered)
        observed = [Observation(metric=TOOL_DIVERGENCE, distance=distance)]
        return [*observed, self._validity(baseline, optimized, offered)] if offered else observed

    def divergence(
        self, ours: Sequence[ToolCall], theirs: Sequence[ToolCall], offered: Sequence[Tool]
    ) -> float:
        """Return how little of the calls is the same, in [0, 1]; an argument's default is it."""
        defaults = {tool.name: _defaults(tool) for tool in offered}

        def likeness(one: ToolCall, other: ToolCall) -> float:
            if one.name != other.name:
                return 0.0
            usual = defaults.get(one.name, {})
            mine = _filled(one.arguments, other.arguments, usual)
            yours = _filled(other.arguments, one.arguments, usual)
            return (1 + self._comparison.agreement(mine, yours).accuracy) / 2

        return 1 - shared(ours, theirs, likeness)

    def _validity(
        self, baseline: Answer, optimized: Answer, offered: Sequence[Tool]
    ) -> Observation:
        tools = {tool.name: tool for tool in offered}
        ours, theirs = (self._invalid(answer, tools) for answer in (baseline, optimized))
        if ours is None or theirs is None:
            return Observation(metric=TOOL_CALL_INVALID, missing="schema_unusable")
        return Observation(metric=TOOL_CALL_INVALID, baseline=ours, optimized=theirs)

    def _invalid(self, answer: Answer, tools: Mapping[str, Tool]) -> bool | None:
        """Say whether any call is invalid; None if none is, and one cannot be judged."""
        verdicts = [self._is_valid(call, tools.get(call.name)) for call in answer.tool_calls]
        if False in verdicts:
            return True
        return None if None in verdicts else False

    def _is_valid(self, call: ToolCall, tool: Tool | None) -> bool | None:
        if tool is None or not isinstance(call.arguments, dict):
            return False
        return (
            True
            if tool.parameters is None
            else self._schemas.valid(call.arguments, tool.parameters)
        )


def shared(
    ours: Sequence[_One], theirs: Sequence[_Other], likeness: Callable[[_One, _Other], float]
) -> float:
    """
    Return the likeness of two sets of calls, in [0, 1], by the best assignment of call to call.

    A call that the other side has no match for is like nothing. 1 where neither has any.
    """
    longer = max(len(ours), len(theirs))
    if longer == 0:
        return 1.0
    if len(ours) * len(theirs) > ASSIGNED_MAX:
        return sum(map(likeness, ours, theirs)) / longer
    weights = [[likeness(mine, yours) for yours in theirs] for mine in ours]
    return sum(weights[row][column] for row, column in best_assignment(weights)) / longer


def _defaults(tool: Tool) -> dict[str, object]:
    """Return the values that a tool's schema says are taken where an argument is left out."""
    schema = tool.parameters if isinstance(tool.parameters, dict) else {}
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {
        name: each["default"]
        for name, each in properties.items()
        if isinstance(each, dict) and "default" in each
    }


def _filled(arguments: object, others: object, defaults: Mapping[str, object]) -> object:
    """Return the arguments with the defaults of those that only the other call gives."""
    if not isinstance(arguments, dict) or not isinstance(others, dict):
        return arguments
    return {name: defaults[name] for name in others if name in defaults} | arguments
