"""What of a pair is assessed: the words of two answers."""

from __future__ import annotations

from dataclasses import dataclass

from shadowmon.records import Assessment, Pair
from shadowmon.scoring.readable import readable, spoken


OPTIMIZED_FAILED = Assessment(missing="optimized_failed")
"""Of a pair that is to be compared, where the optimized model has no answer that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What both models say."""

    baseline: str
    """Never blank: where the baseline says nothing there is nothing to hold the other against."""
    optimized: str | None
    """None if it failed to answer; empty if it answered without words."""


def words_of(pair: Pair) -> Words | None:
    """Return what is to be compared; None, by the baseline's answer alone, if nothing is."""
    answer = readable(pair.baseline)
    baseline = "" if answer is None else (spoken(answer) or "").strip()
    if not baseline:
        return None
    answer = readable(pair.optimized)
    optimized = None if answer is None else (spoken(answer) or "").strip()
    return Words(baseline=baseline, optimized=optimized)
