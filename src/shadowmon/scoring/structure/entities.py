"""
How many of the entities that two answers name are the same?

An answer is a list of entities if it is JSON of one of these forms: a list of objects with a text
(`text` or `word`) or a span (`start` and `end`), and a type (`type`, `label`, `entity_group` or
`entity`); a list of strings; either of them under the key `entities`, or in a list of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.documents import document
from shadowmon.scoring.text.normalize import phrase


ENTITY_DIVERGENCE = MetricName("entity_divergence")

_TYPES = ("type", "label", "entity_group", "entity")
_TEXTS = ("text", "word")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity as an answer names it."""

    kind: str
    """Its type in folded case; empty if it has none."""
    text: str | None = None
    span: tuple[int, int] | None = None


class EntitiesScorer:
    """Compares two lists of entities."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=ENTITY_DIVERGENCE,
            kind=MetricKind.DIVERGENCE,
            sentence="How few of the entities that the two models name are the same in type and"
            " place, or in type and text (1 - F1).",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`. An optimized answer that is no list of entities shares none."""
        baseline = readable(pair.baseline)
        expected = None if baseline is None else entities(baseline)
        if expected is None:
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(ENTITY_DIVERGENCE, pair.optimized)]
        found = entities(optimized)
        distance = 1.0 if found is None else 1 - f1(expected, found)
        return [Observation(metric=ENTITY_DIVERGENCE, distance=distance)]


def f1(expected: Sequence[Entity], found: Sequence[Entity]) -> float:
    """
    Return the F1 of the entities, in [0, 1]; 1 where neither side names any.

    An entity counts if it is the same as a whole (E. Tjong Kim Sang, F. De Meulder, "Introduction
    to the CoNLL-2003 Shared Task", 2003): by its span where both sides have spans throughout, by
    its text otherwise. One that is named twice must be found twice.
    """
    size = len(expected) + len(found)
    if size == 0:
        return 1.0
    by_span = all(each.span is not None for each in (*expected, *found))
    ours, theirs = (
        Counter((each.kind, each.span if by_span else each.text) for each in side)
        for side in (expected, found)
    )
    return 2 * (ours & theirs).total() / size


def entities(answer: Answer) -> list[Entity] | None:
    """Return the entities that an answer names; None if it is no list of them."""
    found = document(answer)
    if isinstance(found, dict):
        found = found.get("entities")
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if not isinstance(found, list):
        return None
    named = [_entity(each) for each in found]
    known = [each for each in named if each is not None]
    return known if len(known) == len(named) else None


def _entity(found: Any) -> Entity | None:  # noqa: ANN401 - any JSON
    if isinstance(found, str):
        return Entity(kind="", text=phrase(found))
    if not isinstance(found, Mapping):
        return None
    kind, text = _first(found, _TYPES), _first(found, _TEXTS)
    start, end = found.get("start"), found.get("end")
    span = (start, end) if type(start) is int and type(end) is int else None
    if text is None and span is None:
        return None
    return Entity(kind=phrase(kind or ""), text=None if text is None else phrase(text), span=span)


def _first(found: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Return the first of these keys' values that is a string."""
    return next((found[name] for name in names if isinstance(found.get(name), str)), None)
