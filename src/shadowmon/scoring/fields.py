"""How many fields of two JSON answers differ."""

from __future__ import annotations

import json
import math
import re

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.normalize import phrase
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


FIELD_DIVERGENCE = MetricName("field_divergence")

Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and places in arrays, from the root to a leaf."""

_FENCE = re.compile(r"\A```[a-zA-Z0-9]*\s*\n(.*)\n\s*```\Z", re.DOTALL)
"""A Markdown block that is the whole answer, as chat models like to wrap JSON."""


class FieldsScorer:
    """Compares two JSON answers leaf by leaf."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=FIELD_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="The share of the fields of the two JSON answers that differ or stand in"
            " one answer only.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        self._number_tolerance = settings.number_tolerance

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        expected = None if baseline is None else document(baseline)
        if expected is None:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(FIELD_DIVERGENCE, pair.optimized)]
        found = document(optimized)
        distance = 1.0 if found is None else self.divergence(expected, found)
        return [Observation(metric=FIELD_DIVERGENCE, distance=distance)]

    def divergence(self, expected: Any, found: Any) -> float:  # noqa: ANN401 - any JSON
        """Return the share of leaves, of all that either document has, that do not agree."""
        ours, theirs = dict(leaves(expected)), dict(leaves(found))
        paths = ours.keys() | theirs.keys()
        agree = sum(
            path in ours and path in theirs and self._same(ours[path], theirs[path])
            for path in paths
        )
        return 1 - agree / len(paths)

    def _same(self, one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON leaf
        """Compare two leaves: a number is never a string, and `true` is not 1."""
        if isinstance(one, str) and isinstance(other, str):
            return phrase(one) == phrase(other)
        if _is_number(one) and _is_number(other):
            return _close(one, other, self._number_tolerance)
        return type(one) is type(other) and bool(one == other)


def document(answer: Answer) -> Any:  # noqa: ANN401 - any JSON
    """Return the answer as JSON; None if it is not, or if its text is a bare string or number."""
    if answer.fields is not None:
        return answer.fields
    text = (answer.text or "").strip()
    if fenced := _FENCE.match(text):
        text = fenced[1].strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # nested too deep to be meant
        return None


def leaves(document: Any) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - any JSON
    """Yield every leaf with its path; an empty object or array is a leaf. At least one."""
    waiting: list[tuple[Path, Any]] = [((), document)]
    while waiting:  # a stack of our own: JSON may be nested deeper than Python calls
        path, node = waiting.pop()
        if isinstance(node, dict) and node:
            waiting += [((*path, str(key)), child) for key, child in node.items()]
        elif isinstance(node, list | tuple) and node:
            waiting += [((*path, place), child) for place, child in enumerate(node)]
        else:
            yield path, node


def _is_number(leaf: object) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _close(one: float, other: float, tolerance: float) -> bool:
    """Compare two numbers; whole numbers beyond the range of a float only exactly."""
    if one == other:
        return True
    try:
        return math.isclose(one, other, rel_tol=tolerance) or (
            math.isnan(one) and math.isnan(other)
        )
    except OverflowError:
        return False
