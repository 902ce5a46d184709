"""
Will a slice ever have the pairs that its limit was planned to take?

A slice that is too thin proves nothing, neither good nor bad. It must be told as "not covered", and
never be passed in silence. For people to look at; no rule decides by it.
"""

from __future__ import annotations

import enum
import math

from dataclasses import dataclass


class Cover(enum.StrEnum):
    """Has a slice as many pairs as its limit was planned to take?"""

    COVERED = "covered"
    UNDER_WAY = "under_way"
    """Not yet, and at the pace so far it will in time."""
    NOT_COVERED = "not_covered"
    """Not yet, and at the pace so far it will not in time: never to be passed in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far a slice is on its way to what was planned."""

    cover: Cover
    planned_pairs: float
    seen_pairs: int
    seconds_left: float
    """Until the planned pairs are there, at the pace so far; 0 if they are, may be infinite."""


def coverage(
    planned_pairs: float, seen_pairs: int, *, elapsed_seconds: float, within_seconds: float
) -> Coverage:
    """
    Say whether a slice will have the pairs that its limit was planned to take.

    Args:
        planned_pairs: Of the forecast, its q90 as a rule; infinite if it cannot be proven at all.
        seen_pairs: Pairs of this slice so far, missing ones left out.
        elapsed_seconds: Since its evidence began.
        within_seconds: How long, from the beginning, one is ready to wait for it.

    """
    if seen_pairs >= planned_pairs:
        cover, left = Cover.COVERED, 0.0
    else:
        pace = seen_pairs / elapsed_seconds if elapsed_seconds > 0 else 0.0
        left = (planned_pairs - seen_pairs) / pace if pace else math.inf
        in_time = elapsed_seconds + left <= within_seconds
        # Nothing seen in a young trial says nothing yet; nothing seen by the end says all.
        young = not seen_pairs and elapsed_seconds < within_seconds and planned_pairs < math.inf
        cover = Cover.UNDER_WAY if in_time or young else Cover.NOT_COVERED
    return Coverage(
        cover=cover, planned_pairs=planned_pairs, seen_pairs=seen_pairs, seconds_left=left
    )
