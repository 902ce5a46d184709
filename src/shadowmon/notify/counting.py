"""
How messages are counted: `notifications_total`, by receiver and by what became of them.

Rule: every receiver's counters exist before anything is told, so that the first message that is
given up is seen as a rise, and ShadowmonNotifyFailing fires.
"""

from __future__ import annotations

import enum

from typing import Protocol


class Fate(enum.StrEnum):
    """What became of one try."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    """It failed, and will be tried again."""
    DEAD = "dead"
    """It failed for good."""


class Count(Protocol):
    """Takes (receiver, fate)."""

    def __call__(self, receiver: str, fate: str, /, *, by: float = 1.0) -> None:
        """Count; `by=0` makes the counter exist."""
        ...


def begin(count: Count, receiver: str) -> None:
    """Let a receiver's counters exist."""
    for fate in Fate:
        count(receiver, fate.value, by=0.0)
