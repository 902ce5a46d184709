"""
Assessor protocol: one pair in, assessments out; asynchronous, bounded in time and in budget.

An assessor runs in a scoring worker, between the mirror and the scorers. Whatever it cannot find
out is an `Assessment` that says so, in one of two ways that must not be mixed up: unavailable (its
own trouble: the pair is left out) or missing (the answers' trouble: counted against them).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from shadowmon.records import Assessment, Pair


class Assessor(Protocol):
    """Finds out something about pairs that no pure function can."""

    metrics: tuple[str, ...]
    """Every name under which it may attach an assessment."""

    async def __aenter__(self) -> Self:
        """Open connections, start processes, test what must be tested before it is trusted."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them, in bounded time."""
        ...

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """
        Return what was found, by metric; nothing for a metric that does not apply to the pair.

        Never raises for what an endpoint or an answer did. Whether a metric applies is asked of the
        question and the baseline's answer alone (scoring/readable.py says why).
        """
        ...
